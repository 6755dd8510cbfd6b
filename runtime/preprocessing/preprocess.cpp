#include "preprocess.h"

#include <algorithm>
#include <cmath>

#include "geometry.h"
#include "resize.h"
#include "rows.h"
#include "specification.h"

#if defined(__clang__)
#pragma clang fp contract(off)  // see CMakeLists.txt; here too for those who copy this file into an app
#endif

namespace edgekit {
namespace {

constexpr int kLargestSide = 1 << 15;  // keeps every product of two sides within 31 bits

// What one channel of a level becomes. Levels between two of 8 bits are those of a padding.
class Normaliser {
 public:
  Normaliser(const Preprocessing& spec, int channel)
      : fused_(spec.normalisation == Normalisation::kFused),
        zero_(channel >= photo_channels(spec)),
        minimum_(static_cast<float>(spec.min_value[channel])),
        mean_(static_cast<float>(spec.mean[channel])),
        deviation_(static_cast<float>(spec.std[channel])) {
    const double divisor = spec.divide_by[channel], deviation = spec.std[channel];
    factor_ = static_cast<float>(fused_ ? 1.0 / divisor / deviation : 1.0 / divisor);
    offset_ = static_cast<float>(-spec.mean[channel] / deviation);
  }

  float operator()(float level) const {
    if (zero_) return 0.0f;
    return fused_ ? level * factor_ + offset_ : ((level - minimum_) * factor_ - mean_) / deviation_;
  }

 private:
  bool fused_, zero_;
  float minimum_, mean_, deviation_, factor_, offset_;
};

Status check(const Image& photo) {
  const auto [shorter, longer] = std::minmax(photo.width, photo.height);
  if (photo.rgb == nullptr || shorter < 1 || longer > kLargestSide) return Status::kBadImage;
  if (photo.channels != 3 && photo.channels != 4) return Status::kBadImage;
  const std::size_t least = static_cast<std::size_t>(photo.channels) * photo.width;
  return photo.row_bytes < least ? Status::kBadImage : Status::kOk;
}

// Fill everything but the photo's place with what padding becomes: it may lie between two levels.
void pad(const Placement& way, const Preprocessing& spec, float* tensor) {
  const Size crop = spec.crop, inner = way.kept.size;
  for (int c = 0; c < channels_of(spec); ++c) {
    const float value = Normaliser(spec, c)(static_cast<float>(spec.pad_value[c]));
    for (int y = 0; y < crop.height; ++y, tensor += crop.width) {
      const bool beside = y < way.top || y >= way.top + inner.height;
      std::fill(tensor, tensor + (beside ? crop.width : way.left), value);
      if (!beside) std::fill(tensor + way.left + inner.width, tensor + crop.width, value);
    }
  }
}

}  // namespace

const char* describe(Status status) {
  switch (status) {
    case Status::kOk: return "done";
    case Status::kBadImage: return "the photo has no pixels, or more than 32768 along one side";
    case Status::kTooSmall: return "the photo is smaller than what is cut out of it";
    case Status::kBadPreprocessing: return "the preprocessing cannot work: see its sizes, divisors and interpolation";
    case Status::kOutOfMemory: return "there is not enough memory for the photo";
  }
  return "unknown";
}

Status cropped_levels(const Image& photo, const Preprocessing& spec, std::uint8_t* levels) {
  if (!is_possible(spec)) return Status::kBadPreprocessing;
  if (const Status status = check(photo); status != Status::kOk) return status;
  Placement way;
  if (const Status status = place({photo.height, photo.width}, spec, &way); status != Status::kOk) return status;
  const Rows rows(photo, way.cut, spec);
  if (!rows) return Status::kOutOfMemory;
  const int channels = channels_of(spec);
  const std::size_t row_bytes = static_cast<std::size_t>(spec.crop.width) * channels;
  if (spec.resize == Resize::kLetterbox || channels != rows.channels()) {
    std::uint8_t pixel[4];
    for (int c = 0; c < channels; ++c) {
      const bool padded = spec.resize == Resize::kLetterbox && c < rows.channels();
      pixel[c] = padded ? static_cast<std::uint8_t>(std::nearbyint(static_cast<float>(spec.pad_value[c]))) : 0;
    }
    for (std::size_t i = 0; i < row_bytes * spec.crop.height; i += channels) std::copy_n(pixel, channels, levels + i);
  }
  const Canvas canvas = {levels + way.top * row_bytes + static_cast<std::size_t>(way.left) * channels, channels,
                         row_bytes};
  return resize(rows, way.resized, way.kept, spec.resize_backend, spec.interpolation, canvas);
}

void normalise(const std::uint8_t* levels, const Preprocessing& spec, float* tensor) {
  const std::size_t pixels = static_cast<std::size_t>(spec.crop.height) * spec.crop.width;
  const int channels = channels_of(spec);
  for (int c = 0; c < channels; ++c) {
    const Normaliser normaliser(spec, c);
    float table[256];
    for (int level = 0; level < 256; ++level) table[level] = normaliser(static_cast<float>(level));
    for (std::size_t i = 0; i < pixels; ++i) *tensor++ = table[levels[channels * i + c]];
  }
}

Status preprocess(const Image& photo, const Preprocessing& spec, float* tensor) {
  if (!is_possible(spec)) return Status::kBadPreprocessing;
  const std::size_t pixels = static_cast<std::size_t>(spec.crop.height) * spec.crop.width;
  const Buffer<std::uint8_t> levels = allocate<std::uint8_t>(pixels * channels_of(spec));
  if (!levels) return Status::kOutOfMemory;
  if (const Status status = cropped_levels(photo, spec, levels.get()); status != Status::kOk) return status;
  normalise(levels.get(), spec, tensor);
  if (spec.resize == Resize::kLetterbox) {
    Placement way;
    if (const Status status = place({photo.height, photo.width}, spec, &way); status != Status::kOk) return status;
    pad(way, spec, tensor);
  }
  return Status::kOk;
}

}  // namespace edgekit
