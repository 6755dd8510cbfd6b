#include "resize.h"

#include <algorithm>
#include <cmath>
#include <utility>

#if defined(__clang__)
#pragma clang fp contract(off)  // see CMakeLists.txt; here too for those who copy this file into an app
#endif

namespace edgekit {

namespace {

constexpr int kChannels = 3;

std::uint8_t to_level(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

const std::uint8_t* row_of(const Image& photo, int y) {
  return photo.rgb + static_cast<std::size_t>(y) * photo.row_bytes;
}

// ---- OpenCV: two taps an axis, weights of 11 bits --------------------------------------------------------------

struct Pair {
  int before, after;                // source positions
  int weight_before, weight_after;  // their weights in 1/2048
};

// The taps of the middle `crop` of `target` positions over `source` pixels.
Buffer<Pair> opencv_taps(int source, int target, int crop) {
  Buffer<Pair> taps = allocate<Pair>(crop);
  if (!taps) return taps;
  const int start = (target - crop) / 2;
  // OpenCV inverts the ratio twice and keeps the position in float; both show in the last bit of a weight.
  const double step = 1.0 / (static_cast<double>(target) / source);
  for (int i = 0; i < crop; ++i) {
    const float centre = static_cast<float>((start + i + 0.5) * step - 0.5);
    const float floor = std::floor(centre);
    const float fraction = centre - floor;
    const int before = static_cast<int>(floor);
    taps[i] = {std::clamp(before, 0, source - 1), std::clamp(before + 1, 0, source - 1),
               static_cast<int>(std::nearbyint((1.0f - fraction) * 2048.0f)),
               static_cast<int>(std::nearbyint(fraction * 2048.0f))};
  }
  return taps;
}

// One source row blended across, in 1/128 of a level: `out` receives crop * 3 values.
void blend_across(const std::uint8_t* row, const Pair* columns, int crop, int* out) {
  for (int x = 0; x < crop; ++x) {
    const Pair& tap = columns[x];
    const std::uint8_t* before = row + kChannels * tap.before;
    const std::uint8_t* after = row + kChannels * tap.after;
    for (int c = 0; c < kChannels; ++c) {
      *out++ = (before[c] * tap.weight_before + after[c] * tap.weight_after) >> 4;
    }
  }
}

// ---- Pillow: as many taps as the kernel covers, weights of 22 bits ---------------------------------------------

constexpr int kWeightBits = 22;

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// R. Keys' cubic convolution (1981) with a = -1/2.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

struct Span {
  int first, count;  // source positions first .. first + count - 1
};

// The taps of the middle `crop` of `target` positions: position i has spans[i].count weights from
// weights[i * stride] on.
struct Taps {
  Buffer<Span> spans;
  Buffer<int> weights;
  int stride = 0;

  explicit operator bool() const { return spans && weights; }
};

Taps pillow_taps(int source, int target, int crop, Interpolation interpolation) {
  const bool bicubic = interpolation == Interpolation::kBicubic;
  const double scale = static_cast<double>(source) / target;
  const double stretch = std::max(scale, 1.0);  // the kernel grows with the pixels that a target pixel covers
  const double support = (bicubic ? 2.0 : 1.0) * stretch;
  Taps taps;
  taps.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.spans = allocate<Span>(crop);
  taps.weights = allocate<int>(static_cast<std::size_t>(crop) * taps.stride);
  Buffer<double> kernel = allocate<double>(taps.stride);
  if (!taps || !kernel) return {};
  const int start = (target - crop) / 2;
  const double shrink = 1.0 / stretch;
  for (int i = 0; i < crop; ++i) {
    const double centre = (start + i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + support + 0.5), source) - first;
    double total = 0.0;
    for (int k = 0; k < count; ++k) {
      const double at = (k + first - centre + 0.5) * shrink;
      kernel[k] = bicubic ? cubic(at) : triangle(at);
      total += kernel[k];
    }
    taps.spans[i] = {first, count};
    for (int k = 0; k < count; ++k) {
      // Rounded to 22 bits, halves away from zero.
      const double weight = (total != 0.0 ? kernel[k] / total : kernel[k]) * (1 << kWeightBits);
      const std::size_t at = static_cast<std::size_t>(i) * taps.stride + k;
      taps.weights[at] = static_cast<int>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return taps;
}

}  // namespace

Status opencv_bilinear(const Image& photo, Size resized, int crop, std::uint8_t* levels) {
  const Buffer<Pair> columns = opencv_taps(photo.width, resized.width, crop);
  const Buffer<Pair> rows = opencv_taps(photo.height, resized.height, crop);
  const std::size_t length = static_cast<std::size_t>(crop) * kChannels;
  Buffer<int> upper = allocate<int>(length), lower = allocate<int>(length);
  if (!columns || !rows || !upper || !lower) return Status::kOutOfMemory;
  int upper_row = -1, lower_row = -1;  // which source rows the two buffers hold
  for (int y = 0; y < crop; ++y) {
    const Pair& tap = rows[y];
    if (tap.before == lower_row) {
      std::swap(upper, lower);
      std::swap(upper_row, lower_row);
    }
    if (tap.before != upper_row) blend_across(row_of(photo, upper_row = tap.before), columns.get(), crop, upper.get());
    if (tap.after != lower_row) blend_across(row_of(photo, lower_row = tap.after), columns.get(), crop, lower.get());
    for (std::size_t i = 0; i < length; ++i) {
      // Each product is cut to 1/4 of a level before the two are added: so does OpenCV.
      const int sum = ((upper[i] * tap.weight_before) >> 16) + ((lower[i] * tap.weight_after) >> 16);
      *levels++ = to_level((sum + 2) >> 2);
    }
  }
  return Status::kOk;
}

Status pillow_antialiased(const Image& photo, Size resized, int crop, Interpolation interpolation,
                          std::uint8_t* levels) {
  const Taps columns = pillow_taps(photo.width, resized.width, crop, interpolation);
  const Taps rows = pillow_taps(photo.height, resized.height, crop, interpolation);
  if (!columns || !rows) return Status::kOutOfMemory;
  const Span last = rows.spans[crop - 1];
  const int first_row = rows.spans[0].first;
  const int row_count = last.first + last.count - first_row;
  const std::size_t length = static_cast<std::size_t>(crop) * kChannels;
  // Across first, rounded to 8 bits, then down: two roundings, as in Pillow.
  const Buffer<std::uint8_t> across = allocate<std::uint8_t>(length * row_count);
  const Buffer<int> sums = allocate<int>(length);
  if (!across || !sums) return Status::kOutOfMemory;
  constexpr int kHalf = 1 << (kWeightBits - 1);
  for (int y = 0; y < row_count; ++y) {
    const std::uint8_t* row = row_of(photo, first_row + y);
    std::uint8_t* out = across.get() + length * y;
    for (int x = 0; x < crop; ++x) {
      const int* weights = columns.weights.get() + static_cast<std::size_t>(x) * columns.stride;
      const std::uint8_t* pixel = row + static_cast<std::size_t>(columns.spans[x].first) * kChannels;
      int sum[kChannels] = {kHalf, kHalf, kHalf};
      for (int k = 0; k < columns.spans[x].count; ++k, pixel += kChannels) {
        for (int c = 0; c < kChannels; ++c) sum[c] += pixel[c] * weights[k];
      }
      for (int c = 0; c < kChannels; ++c) *out++ = to_level(sum[c] >> kWeightBits);
    }
  }
  for (int y = 0; y < crop; ++y) {
    const int* weights = rows.weights.get() + static_cast<std::size_t>(y) * rows.stride;
    const std::uint8_t* row = across.get() + length * (rows.spans[y].first - first_row);
    std::fill_n(sums.get(), length, kHalf);
    for (int k = 0; k < rows.spans[y].count; ++k, row += length) {
      for (std::size_t i = 0; i < length; ++i) sums[i] += row[i] * weights[k];
    }
    for (std::size_t i = 0; i < length; ++i) *levels++ = to_level(sums[i] >> kWeightBits);
  }
  return Status::kOk;
}

}  // namespace edgekit
