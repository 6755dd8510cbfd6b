#include "preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "resize.h"

#if defined(__clang__)
#pragma clang fp contract(off)
#endif

namespace edgekit {
namespace {

constexpr int kLargestSide = 1 << 15;  // keeps every product of two sides within 31 bits
constexpr int kLargestInput = 8192;

bool is_possible(const Preprocessing& spec) {
  const bool positive = std::all_of(spec.std.begin(), spec.std.end(), [](double value) { return value > 0; });
  return spec.crop >= 1 && spec.resize_short >= spec.crop && spec.resize_short <= kLargestInput &&
         spec.divide_by > 0 && positive &&
         (spec.resize_backend == ResizeBackend::kPillow || spec.interpolation == Interpolation::kBilinear);
}

// Width and height after the shorter side became `resize_short`. An exact half goes to the even neighbour, as with
// Python's `round`: nearbyint does so in the default rounding mode.
Size resized_size(const Image& photo, int resize_short) {
  const double ratio = static_cast<double>(resize_short) / std::min(photo.width, photo.height);
  return {static_cast<int>(std::nearbyint(photo.width * ratio)),
          static_cast<int>(std::nearbyint(photo.height * ratio))};
}

std::string stripped(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\"");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\"") - first + 1);
}

bool read_number(const std::string& text, double* value) {
  char* end = nullptr;
  *value = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' && std::isfinite(*value);
}

bool read_pixels(const std::string& text, int* value) {
  double number = 0;
  if (!read_number(text, &number) || number < 1 || number > kLargestInput || number != std::floor(number)) return false;
  *value = static_cast<int>(number);
  return true;
}

bool read_triple(const std::string& text, std::array<double, 3>* values) {
  std::istringstream stream(text);
  std::string part;
  for (double& value : *values) {
    if (!std::getline(stream, part, ',') || !read_number(stripped(part), &value)) return false;
  }
  return !std::getline(stream, part, ',');
}

// Read one value into its place in `spec`; false where key or value means nothing.
bool read_value(const std::string& key, const std::string& value, Preprocessing* spec) {
  if (key == "resize_short") return read_pixels(value, &spec->resize_short);
  if (key == "crop") return read_pixels(value, &spec->crop);
  if (key == "divide_by") return read_number(value, &spec->divide_by);
  if (key == "mean") return read_triple(value, &spec->mean);
  if (key == "std") return read_triple(value, &spec->std);
  if (key == "resize_backend") {
    spec->resize_backend = value == "pillow" ? ResizeBackend::kPillow : ResizeBackend::kOpencv;
    return value == "pillow" || value == "opencv";
  }
  if (key == "interpolation") {
    spec->interpolation = value == "bicubic" ? Interpolation::kBicubic : Interpolation::kBilinear;
    return value == "bicubic" || value == "bilinear";
  }
  // What has one possible value is checked, not skipped: a newer specification must not be misread.
  if (key == "orientation") return value == "upright";
  if (key == "size_rounding") return value == "half_even";
  if (key == "crop_origin") return value == "centre_floor";
  if (key == "channel_order") return value == "RGB";
  if (key == "layout") return value == "NCHW";
  if (key == "dtype") return value == "float32";
  if (key == "normalisation") return value == "(level / divide_by - mean) / std";
  return false;
}

}  // namespace

const char* describe(Status status) {
  switch (status) {
    case Status::kOk: return "done";
    case Status::kBadImage: return "the photo has no pixels, or more than 32768 along one side";
    case Status::kBadPreprocessing: return "the preprocessing cannot work: see its sizes, divisors and interpolation";
    case Status::kOutOfMemory: return "there is not enough memory for the photo";
  }
  return "unknown";
}

std::string read_preprocessing(const std::string& text, Preprocessing* spec) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (stripped(line).empty()) continue;
    const auto equals = line.find('=');
    if (equals == std::string::npos) return "no key = value: " + line;
    const std::string key = stripped(line.substr(0, equals)), value = stripped(line.substr(equals + 1));
    if (!read_value(key, value, spec)) return "not understood: " + key + " = " + value;
  }
  return is_possible(*spec) ? "" : describe(Status::kBadPreprocessing);
}

Status cropped_levels(const Image& photo, const Preprocessing& spec, std::uint8_t* levels) {
  if (!is_possible(spec)) return Status::kBadPreprocessing;
  const auto [shorter, longer] = std::minmax(photo.width, photo.height);
  if (photo.rgb == nullptr || shorter < 1 || longer > kLargestSide) return Status::kBadImage;
  if (photo.row_bytes < 3 * static_cast<std::size_t>(photo.width)) return Status::kBadImage;
  const Size resized = resized_size(photo, spec.resize_short);
  if (spec.resize_backend == ResizeBackend::kPillow) {
    return pillow_antialiased(photo, resized, spec.crop, spec.interpolation, levels);
  }
  return opencv_bilinear(photo, resized, spec.crop, levels);
}

void normalise(const std::uint8_t* levels, const Preprocessing& spec, float* tensor) {
  const std::size_t pixels = static_cast<std::size_t>(spec.crop) * spec.crop;
  const float factor = static_cast<float>(1.0 / spec.divide_by);
  for (int c = 0; c < 3; ++c) {
    const float mean = static_cast<float>(spec.mean[c]), deviation = static_cast<float>(spec.std[c]);
    float table[256];
    for (int level = 0; level < 256; ++level) table[level] = (static_cast<float>(level) * factor - mean) / deviation;
    for (std::size_t i = 0; i < pixels; ++i) *tensor++ = table[levels[3 * i + c]];
  }
}

Status preprocess(const Image& photo, const Preprocessing& spec, float* tensor) {
  const std::size_t count = is_possible(spec) ? 3 * static_cast<std::size_t>(spec.crop) * spec.crop : 0;
  const Buffer<std::uint8_t> levels = allocate<std::uint8_t>(count);
  if (!levels) return Status::kOutOfMemory;
  const Status status = cropped_levels(photo, spec, levels.get());
  if (status == Status::kOk) normalise(levels.get(), spec, tensor);
  return status;
}

}  // namespace edgekit
