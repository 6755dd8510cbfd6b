#include "specification.h"

#include <algorithm>
#include <cmath>
#include <locale>
#include <sstream>
#include <vector>

namespace edgekit {
namespace {

constexpr int kLargestInput = 8192;
const char* const kStepByStep = "(level / divide_by - mean) / std";
const char* const kWithMinimum = "((level - min_value) / divide_by - mean) / std";
const char* const kFused = "level * (1 / divide_by / std) + (-mean / std)";

std::string stripped(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\"");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\"") - first + 1);
}

bool read_number(const std::string& text, double* value) {
  // Not strtod: an app's locale may have a comma for a point.
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  return (stream >> *value) && stream.peek() == std::istringstream::traits_type::eof() && std::isfinite(*value);
}

bool read_pixels(const std::string& text, int* value) {
  double number = 0;
  if (!read_number(text, &number) || number < 1 || number > kLargestInput || number != std::floor(number)) return false;
  *value = static_cast<int>(number);
  return true;
}

std::vector<std::string> parts_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> parts;
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(stripped(part));
  return parts;
}

// One side of a square, or height and width.
bool read_size(const std::string& text, Size* size) {
  const auto parts = parts_of(text);
  if (parts.empty() || parts.size() > 2) return false;
  return read_pixels(parts.front(), &size->height) && read_pixels(parts.back(), &size->width);
}

bool read_values(const std::string& text, std::vector<double>* values) {
  values->clear();
  for (const std::string& part : parts_of(text)) {
    double value = 0;
    if (!read_number(part, &value)) return false;
    values->push_back(value);
  }
  return !values->empty() && values->size() <= 4;
}

template <typename T>
struct Word {
  const char* text;
  T value;
};

template <typename T, std::size_t N>
bool read_word(const std::string& text, const Word<T> (&words)[N], T* value) {
  for (const Word<T>& word : words) {
    if (text == word.text) {
      *value = word.value;
      return true;
    }
  }
  return false;
}

constexpr Word<Resize> kResizes[] = {{"short", Resize::kShort},
                                     {"stretch", Resize::kStretch},
                                     {"letterbox", Resize::kLetterbox},
                                     {"none", Resize::kNone}};
constexpr Word<SizeRounding> kRoundings[] = {{"half_even", SizeRounding::kHalfEven}, {"floor", SizeRounding::kFloor}};
constexpr Word<ResizeBackend> kBackends[] = {{"opencv", ResizeBackend::kOpencv}, {"pillow", ResizeBackend::kPillow}};
constexpr Word<Interpolation> kInterpolations[] = {
    {"nearest", Interpolation::kNearest}, {"bilinear", Interpolation::kBilinear}, {"bicubic", Interpolation::kBicubic},
    {"area", Interpolation::kArea},       {"lanczos", Interpolation::kLanczos},   {"box", Interpolation::kBox},
    {"hamming", Interpolation::kHamming}};
constexpr Word<CropOrigin> kOrigins[] = {{"centre_floor", CropOrigin::kCentreFloor},
                                         {"centre_round", CropOrigin::kCentreRound},
                                         {"top_left", CropOrigin::kTopLeft}};
constexpr Word<PadPosition> kPositions[] = {{"centre", PadPosition::kCentre}, {"top_left", PadPosition::kTopLeft}};
constexpr Word<ChannelOrder> kOrders[] = {{"RGB", ChannelOrder::kRgb},   {"BGR", ChannelOrder::kBgr},
                                          {"GRAY", ChannelOrder::kGray}, {"RGBA", ChannelOrder::kRgba},
                                          {"BGRA", ChannelOrder::kBgra}, {"RGB0", ChannelOrder::kRgb0},
                                          {"BGR0", ChannelOrder::kBgr0}};

// The values by channel as they are written: how many there must be is known once all is read.
struct Written {
  std::vector<double> pad_value = {0};
  std::vector<double> min_value = {0};
  std::vector<double> divide_by = {255};
  std::vector<double> mean = {0.485, 0.456, 0.406};
  std::vector<double> std = {0.229, 0.224, 0.225};
};

bool read_crop_first(const std::string& text, Preprocessing* spec) {
  constexpr Word<CropFirst> kWords[] = {{"none", CropFirst::kNone}, {"square", CropFirst::kSquare}};
  if (read_word(text, kWords, &spec->crop_first)) return true;
  spec->crop_first = CropFirst::kSize;
  return read_size(text, &spec->crop_first_size);
}

// Read one value into its place; false where key or value means nothing.
bool read_value(const std::string& key, const std::string& value, Preprocessing* spec, Written* written) {
  if (key == "crop_first") return read_crop_first(value, spec);
  if (key == "resize") return read_word(value, kResizes, &spec->resize);
  if (key == "resize_short") return read_pixels(value, &spec->resize_short);
  if (key == "resize_to") return read_size(value, &spec->resize_to);
  if (key == "size_rounding") return read_word(value, kRoundings, &spec->size_rounding);
  if (key == "resize_backend") return read_word(value, kBackends, &spec->resize_backend);
  if (key == "interpolation") return read_word(value, kInterpolations, &spec->interpolation);
  if (key == "crop") return read_size(value, &spec->crop);
  if (key == "crop_origin") return read_word(value, kOrigins, &spec->crop_origin);
  if (key == "pad_value") return read_values(value, &written->pad_value);
  if (key == "pad_position") return read_word(value, kPositions, &spec->pad_position);
  if (key == "channel_order") return read_word(value, kOrders, &spec->channel_order);
  if (key == "min_value") return read_values(value, &written->min_value);
  if (key == "divide_by") return read_values(value, &written->divide_by);
  if (key == "mean") return read_values(value, &written->mean);
  if (key == "std") return read_values(value, &written->std);
  if (key == "normalisation") {
    spec->normalisation = value == kFused ? Normalisation::kFused : Normalisation::kStepByStep;
    return value == kFused || value == kStepByStep || value == kWithMinimum;
  }
  // What has one possible value is checked, not skipped: a newer specification must not be misread.
  if (key == "orientation") return value == "upright";
  if (key == "layout") return value == "NCHW";
  if (key == "dtype") return value == "float32";
  return false;
}

// One value for each channel; `zero` is that of a channel of zeros. False where there are more or fewer.
bool settle(const std::vector<double>& written, const Preprocessing& spec, double zero, Values* values) {
  const std::size_t channels = static_cast<std::size_t>(channels_of(spec));
  const std::size_t colours = static_cast<std::size_t>(photo_channels(spec));
  if (written.size() != 1 && written.size() != channels && written.size() != colours) return false;
  values->fill(zero);
  for (std::size_t c = 0; c < colours; ++c) (*values)[c] = written.size() == 1 ? written[0] : written[c];
  return written.size() <= colours || colours == channels || zero != 0 || written.back() == 0;
}

}  // namespace

int photo_channels(const Preprocessing& spec) {
  switch (spec.channel_order) {
    case ChannelOrder::kGray: return 1;
    case ChannelOrder::kRgba:
    case ChannelOrder::kBgra: return 4;
    default: return 3;
  }
}

int channels_of(const Preprocessing& spec) {
  const bool zeros = spec.channel_order == ChannelOrder::kRgb0 || spec.channel_order == ChannelOrder::kBgr0;
  return zeros ? 4 : photo_channels(spec);
}

bool is_possible(const Preprocessing& spec) {
  const auto sized = [](Size size) {
    return std::min(size.height, size.width) >= 1 && std::max(size.height, size.width) <= kLargestInput;
  };
  const Size crop = spec.crop;
  if (!sized(crop) || (spec.crop_first == CropFirst::kSize && !sized(spec.crop_first_size))) return false;
  if (spec.resize == Resize::kShort &&
      (spec.resize_short < std::max(crop.height, crop.width) || spec.resize_short > kLargestInput)) {
    return false;
  }
  if (spec.resize == Resize::kStretch &&
      (!sized(spec.resize_to) || spec.resize_to.height < crop.height || spec.resize_to.width < crop.width)) {
    return false;
  }
  for (int c = 0; c < channels_of(spec); ++c) {
    if (!(spec.divide_by[c] > 0) || !(spec.std[c] > 0)) return false;
    if (!(spec.pad_value[c] >= 0 && spec.pad_value[c] <= 255)) return false;
    if (spec.normalisation == Normalisation::kFused && spec.min_value[c] != 0) return false;
  }
  const bool own_kernel = spec.interpolation == Interpolation::kBox || spec.interpolation == Interpolation::kHamming;
  if (spec.resize_backend == ResizeBackend::kOpencv) return !own_kernel;
  // Pillow weighs colours by the alpha channel, and has no `area`.
  return spec.interpolation != Interpolation::kArea && photo_channels(spec) != 4;
}

std::string read_preprocessing(const std::string& text, Preprocessing* spec) {
  std::istringstream lines(text);
  Written written;
  for (std::string line; std::getline(lines, line);) {
    if (stripped(line).empty()) continue;
    const auto equals = line.find('=');
    if (equals == std::string::npos) return "no key = value: " + line;
    const std::string key = stripped(line.substr(0, equals)), value = stripped(line.substr(equals + 1));
    if (!read_value(key, value, spec, &written)) return "not understood: " + key + " = " + value;
  }
  if (spec->resize_to.height == 0) spec->resize_to = spec->crop;
  const bool settled = settle(written.pad_value, *spec, 0, &spec->pad_value) &&
                       settle(written.min_value, *spec, 0, &spec->min_value) &&
                       settle(written.divide_by, *spec, written.divide_by[0], &spec->divide_by) &&
                       settle(written.mean, *spec, 0, &spec->mean) && settle(written.std, *spec, 1, &spec->std);
  if (!settled) return "not one value for each channel of the channel_order";
  return is_possible(*spec) ? "" : describe(Status::kBadPreprocessing);
}

}  // namespace edgekit
