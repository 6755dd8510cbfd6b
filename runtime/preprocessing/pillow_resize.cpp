// PIL.Image.resize on 8 bits: as many taps as the kernel covers, weights of 22 bits; and its NEAREST.
#include <algorithm>
#include <cmath>

#include "opencv_taps.h"
#include "resize.h"

#if defined(__clang__)
#pragma clang fp contract(off)  // see CMakeLists.txt; here too for those who copy this file into an app
#endif

namespace edgekit {
namespace {

constexpr int kWeightBits = 22;
constexpr double kPi = 3.14159265358979323846;

struct Kernel {
  double (*weight)(double x);
  double radius;
};

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// The constants are single-precision ones in Pillow.
double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= kPi;
  return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));
}

// R. Keys' cubic convolution (1981) with a = -1/2.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= kPi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

Kernel kernel_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kBox: return {box, 0.5};
    case Interpolation::kHamming: return {hamming, 1.0};
    case Interpolation::kBicubic: return {cubic, 2.0};
    case Interpolation::kLanczos: return {lanczos, 3.0};
    default: return {triangle, 1.0};
  }
}

struct Span {
  int first, count;  // source positions first .. first + count - 1
};

// Position i has spans[i].count weights from weights[i * stride] on.
struct Taps {
  Buffer<Span> spans;
  Buffer<int> weights;
  int stride = 0;

  explicit operator bool() const { return spans && weights; }
};

// The taps of `count` of `target` positions from `start` on.
Taps taps_of(int source, int target, int start, int count, const Kernel& kernel) {
  const double scale = static_cast<double>(source) / target;
  const double stretch = std::max(scale, 1.0);  // the kernel grows with the pixels that a target pixel covers
  const double support = kernel.radius * stretch;
  Taps taps;
  taps.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.spans = allocate<Span>(count);
  taps.weights = allocate<int>(static_cast<std::size_t>(count) * taps.stride);
  Buffer<double> values = allocate<double>(taps.stride);
  if (!taps || !values) return {};
  const double shrink = 1.0 / stretch;
  for (int i = 0; i < count; ++i) {
    const double centre = (start + i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int length = std::min(static_cast<int>(centre + support + 0.5), source) - first;
    double total = 0.0;
    for (int k = 0; k < length; ++k) {
      values[k] = kernel.weight((k + first - centre + 0.5) * shrink);
      total += values[k];
    }
    taps.spans[i] = {first, length};
    for (int k = 0; k < length; ++k) {
      // Rounded to 22 bits, halves away from zero.
      const double weight = (total != 0.0 ? values[k] / total : values[k]) * (1 << kWeightBits);
      const std::size_t at = static_cast<std::size_t>(i) * taps.stride + k;
      taps.weights[at] = static_cast<int>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return taps;
}

// One source row, averaged across into count * channels levels.
template <int channels>
void average_row(const std::uint8_t* row, const Taps& columns, int count, std::uint8_t* out) {
  for (int x = 0; x < count; ++x) {
    const int* weights = columns.weights.get() + static_cast<std::size_t>(x) * columns.stride;
    const std::uint8_t* pixel = row + static_cast<std::size_t>(columns.spans[x].first) * channels;
    int sums[channels];
    std::fill_n(sums, channels, 1 << (kWeightBits - 1));
    for (int k = 0; k < columns.spans[x].count; ++k, pixel += channels) {
      for (int c = 0; c < channels; ++c) sums[c] += pixel[c] * weights[k];
    }
    for (int c = 0; c < channels; ++c) *out++ = to_level(sums[c] >> kWeightBits);
  }
}

// Pillow adds the step up, position after position, which shows where a product would round otherwise.
Buffer<int> nearest_positions(int source, int target, int start, int count) {
  Buffer<int> positions = allocate<int>(count);
  if (!positions) return positions;
  const double step = static_cast<double>(source) / target;
  double at = step * 0.5;
  for (int i = 0; i < start + count; ++i, at += step) {
    if (i >= start) positions[i - start] = std::min(static_cast<int>(at), source - 1);
  }
  return positions;
}

}  // namespace

Status pillow_nearest(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  const auto rows = nearest_positions(photo.size().height, resized.height, kept.top, kept.size.height);
  const auto columns = nearest_positions(photo.size().width, resized.width, kept.left, kept.size.width);
  if (!rows || !columns) return Status::kOutOfMemory;
  const int channels = photo.channels();
  for (int y = 0; y < kept.size.height; ++y) {
    const std::uint8_t* row = photo[rows[y]];
    std::uint8_t* to = out.row(y);
    for (int x = 0; x < kept.size.width; ++x, to += out.stride) {
      std::copy_n(row + static_cast<std::size_t>(columns[x]) * channels, channels, to);
    }
  }
  return Status::kOk;
}

Status pillow_antialiased(const Rows& photo, Size resized, const Window& kept, Interpolation interpolation,
                          const Canvas& out) {
  const Kernel kernel = kernel_of(interpolation);
  const int channels = photo.channels(), width = kept.size.width, height = kept.size.height;
  const Taps columns = taps_of(photo.size().width, resized.width, kept.left, width, kernel);
  const Taps rows = taps_of(photo.size().height, resized.height, kept.top, height, kernel);
  if (!columns || !rows) return Status::kOutOfMemory;
  const Span last = rows.spans[height - 1];
  const int first_row = rows.spans[0].first;
  const int row_count = last.first + last.count - first_row;
  const std::size_t length = static_cast<std::size_t>(width) * channels;
  // Across first, rounded to 8 bits, then down: two roundings, as in Pillow.
  const Buffer<std::uint8_t> across = allocate<std::uint8_t>(length * row_count);
  const Buffer<int> sums = allocate<int>(length);
  if (!across || !sums) return Status::kOutOfMemory;
  for (int y = 0; y < row_count; ++y) {
    const std::uint8_t* row = photo[first_row + y];
    std::uint8_t* to = across.get() + length * y;
    if (channels == 1) {
      average_row<1>(row, columns, width, to);
    } else {
      average_row<3>(row, columns, width, to);
    }
  }
  for (int y = 0; y < height; ++y) {
    const int* weights = rows.weights.get() + static_cast<std::size_t>(y) * rows.stride;
    const std::uint8_t* row = across.get() + length * (rows.spans[y].first - first_row);
    std::fill_n(sums.get(), length, 1 << (kWeightBits - 1));
    for (int k = 0; k < rows.spans[y].count; ++k, row += length) {
      for (std::size_t i = 0; i < length; ++i) sums[i] += row[i] * weights[k];
    }
    std::uint8_t* to = out.row(y);
    for (std::size_t i = 0; i < length; i += channels, to += out.stride) {
      for (int c = 0; c < channels; ++c) to[c] = to_level(sums[i + c] >> kWeightBits);
    }
  }
  return Status::kOk;
}

}  // namespace edgekit
