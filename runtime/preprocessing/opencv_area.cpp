// cv2.resize on 8 bits with INTER_AREA: the mean over all that a target pixel covers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "opencv_taps.h"
#include "resize.h"

#if defined(__clang__)
#pragma clang fp contract(off)  // see CMakeLists.txt; here too for those who copy this file into an app
#endif

namespace edgekit {
namespace {

constexpr double kLeast = 1e-3;  // a part of a source pixel up to this is left out

double scale_of(int source, int target) { return 1.0 / (static_cast<double>(target) / source); }

// What output position i covers: `counts[i]` source positions from `firsts[i]` on, weights from weights[i * stride] on.
struct Cover {
  Buffer<int> firsts, counts;
  Buffer<float> weights;
  int stride = 0;

  explicit operator bool() const { return firsts && counts && weights; }
};

Cover cover_of(int source, int target, int start, int count) {
  const double scale = scale_of(source, target);
  Cover cover;
  cover.stride = static_cast<int>(std::ceil(scale)) + 2;
  cover.firsts = allocate<int>(count);
  cover.counts = allocate<int>(count);
  cover.weights = allocate<float>(static_cast<std::size_t>(count) * cover.stride);
  if (!cover) return cover;
  for (int i = 0; i < count; ++i) {
    const double begin = (start + i) * scale, end = begin + scale;
    const double width = std::min(scale, source - begin);
    const int last = std::min(static_cast<int>(std::floor(end)), source - 1);
    const int first = std::min(static_cast<int>(std::ceil(begin)), last);
    float* weight = cover.weights.get() + static_cast<std::size_t>(i) * cover.stride;
    const float* const from = weight;
    cover.firsts[i] = first;
    if (first - begin > kLeast) {
      cover.firsts[i] = first - 1;
      *weight++ = static_cast<float>((first - begin) / width);
    }
    for (int position = first; position < last; ++position) *weight++ = static_cast<float>(1.0 / width);
    if (end - last > kLeast) *weight++ = static_cast<float>(std::min({end - last, 1.0, width}) / width);
    cover.counts[i] = static_cast<int>(weight - from);
  }
  return cover;
}

Status area(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  const Cover rows = cover_of(photo.size().height, resized.height, kept.top, kept.size.height);
  const Cover columns = cover_of(photo.size().width, resized.width, kept.left, kept.size.width);
  const int channels = photo.channels();
  const std::size_t length = static_cast<std::size_t>(kept.size.width) * channels;
  const Buffer<float> across = allocate<float>(length), total = allocate<float>(length);
  if (!rows || !columns || !across || !total) return Status::kOutOfMemory;
  for (int y = 0; y < kept.size.height; ++y) {
    std::fill_n(total.get(), length, 0.0f);
    for (int down = 0; down < rows.counts[y]; ++down) {
      const std::uint8_t* row = photo[rows.firsts[y] + down];
      float* sum = across.get();
      for (int x = 0; x < kept.size.width; ++x, sum += channels) {
        std::fill_n(sum, channels, 0.0f);
        const std::uint8_t* pixel = row + static_cast<std::size_t>(columns.firsts[x]) * channels;
        const float* weight = columns.weights.get() + static_cast<std::size_t>(x) * columns.stride;
        for (int tap = 0; tap < columns.counts[x]; ++tap, pixel += channels) {
          for (int c = 0; c < channels; ++c) sum[c] += static_cast<float>(pixel[c]) * weight[tap];
        }
      }
      const float weight = rows.weights[static_cast<std::size_t>(y) * rows.stride + down];
      for (std::size_t i = 0; i < length; ++i) total[i] += weight * across[i];
    }
    std::uint8_t* to = out.row(y);
    for (std::size_t i = 0; i < length; i += channels, to += out.stride) {
      for (int c = 0; c < channels; ++c) to[c] = to_level(static_cast<int>(std::nearbyint(total[i + c])));
    }
  }
  return Status::kOk;
}

// The mean of `down` x `across` pixels: halves up of 2 x 2, else as a product with a float, to the even one.
Status whole_area(const Rows& photo, const Window& kept, int down, int across, const Canvas& out) {
  const int channels = photo.channels();
  const std::size_t length = static_cast<std::size_t>(kept.size.width) * channels;
  const Buffer<int> sums = allocate<int>(length);
  if (!sums) return Status::kOutOfMemory;
  const float factor = 1.0f / (down * across);
  for (int y = 0; y < kept.size.height; ++y) {
    std::fill_n(sums.get(), length, 0);
    for (int line = 0; line < down; ++line) {
      const std::uint8_t* pixel =
          photo[(kept.top + y) * down + line] + static_cast<std::size_t>(kept.left) * across * channels;
      for (std::size_t i = 0; i < length; i += channels) {
        for (int k = 0; k < across; ++k, pixel += channels) {
          for (int c = 0; c < channels; ++c) sums[i + c] += pixel[c];
        }
      }
    }
    std::uint8_t* to = out.row(y);
    for (std::size_t i = 0; i < length; i += channels, to += out.stride) {
      for (int c = 0; c < channels; ++c) {
        const int sum = sums[i + c];
        to[c] = down == 2 && across == 2
                    ? static_cast<std::uint8_t>((sum + 2) >> 2)
                    : to_level(static_cast<int>(std::nearbyint(static_cast<float>(sum) * factor)));
      }
    }
  }
  return Status::kOk;
}

// Two taps, and the weights of the areas that a target pixel covers.
OpencvTaps enlarging_taps(int source, int target, int start, int count) {
  OpencvTaps taps = allocate_taps(count, 2);
  if (!taps) return taps;
  const double ratio = static_cast<double>(target) / source;
  for (int i = 0; i < count; ++i) {
    const int index = start + i;
    const int before = static_cast<int>(std::floor(index * (1.0 / ratio)));
    const float over = static_cast<float>((index + 1) - (before + 1) * ratio);
    const float fraction = over <= 0.0f ? 0.0f : over - std::floor(over);
    taps.positions[i * 2] = std::clamp(before, 0, source - 1);
    taps.positions[i * 2 + 1] = std::clamp(before + 1, 0, source - 1);
    taps.weights[i * 2] = static_cast<int>(std::nearbyint((1.0f - fraction) * kOpencvWeight));
    taps.weights[i * 2 + 1] = static_cast<int>(std::nearbyint(fraction * kOpencvWeight));
  }
  return taps;
}

}  // namespace

Status opencv_area(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  const Size size = photo.size();
  // OpenCV averages where neither side grows, and else interpolates between two pixels in a way of its own.
  if (size.height < resized.height || size.width < resized.width) {
    return blend_linear(photo, enlarging_taps(size.width, resized.width, kept.left, kept.size.width),
                        enlarging_taps(size.height, resized.height, kept.top, kept.size.height), kept, out);
  }
  const double down = scale_of(size.height, resized.height), across = scale_of(size.width, resized.width);
  const auto is_whole = [](double scale) {
    return std::abs(scale - std::nearbyint(scale)) < std::numeric_limits<double>::epsilon();
  };
  if (is_whole(down) && is_whole(across)) {
    return whole_area(photo, kept, static_cast<int>(std::nearbyint(down)), static_cast<int>(std::nearbyint(across)),
                      out);
  }
  return area(photo, resized, kept, out);
}

}  // namespace edgekit
