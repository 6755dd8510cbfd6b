// cv2.resize on 8 bits with INTER_NEAREST, INTER_LINEAR, INTER_CUBIC and INTER_LANCZOS4.
#include <algorithm>
#include <cmath>

#include "opencv_taps.h"
#include "resize.h"

#if defined(__clang__)
#pragma clang fp contract(off)  // see CMakeLists.txt; here too for those who copy this file into an app
#endif

namespace edgekit {
namespace {

constexpr int kMostTaps = 8;
// Of a row, OpenCV computes so many values at once on x86-64; what is left over goes another way.
constexpr int kVector = 8;

using Kernel = void (*)(float fraction, float* weights);

void linear(float fraction, float* weights) {
  weights[0] = 1.0f - fraction;
  weights[1] = fraction;
}

// R. Keys' cubic convolution (1981) with a = -3/4; the last weight completes the sum.
void cubic(float fraction, float* weights) {
  constexpr float a = -0.75f;
  const float outer = fraction + 1.0f, inner = 1.0f - fraction;
  weights[0] = ((a * outer - 5.0f * a) * outer + 8.0f * a) * outer - 4.0f * a;
  weights[1] = ((a + 2.0f) * fraction - (a + 3.0f)) * fraction * fraction + 1.0f;
  weights[2] = ((a + 2.0f) * inner - (a + 3.0f)) * inner * inner + 1.0f;
  weights[3] = 1.0f - weights[0] - weights[1] - weights[2];
}

// Lanczos' kernel of radius 4: each weight in double, rounded, and scaled in float. The quarter turns between the taps
// leave two sines to compute.
void lanczos(float fraction, float* weights) {
  constexpr double kPi = 3.14159265358979323846;
  const double root = std::sqrt(0.5);
  const double turns[kMostTaps][2] = {{1, 0},  {-root, -root}, {0, 1},  {root, -root},
                                      {-1, 0}, {root, root},   {0, -1}, {-root, root}};
  const float shifted = fraction + 3.0f;
  const double angle = -static_cast<double>(shifted) * kPi * 0.25;
  const double sine = std::sin(angle), cosine = std::cos(angle);
  float total = 0.0f;
  for (int tap = 0; tap < kMostTaps; ++tap) {
    const float distance = shifted - static_cast<float>(tap);
    const double y = -static_cast<double>(distance) * kPi * 0.25;
    weights[tap] = std::abs(distance) >= 1e-6f
                       ? static_cast<float>((turns[tap][0] * sine + turns[tap][1] * cosine) / (y * y))
                       : 1e30f;
    total += weights[tap];
  }
  const float scale = 1.0f / total;
  for (int tap = 0; tap < kMostTaps; ++tap) weights[tap] *= scale;
}

// The taps of `count` of `target` positions from `start` on over `source` pixels.
OpencvTaps taps_of(int source, int target, int start, int count, Kernel kernel, int taps) {
  OpencvTaps found = allocate_taps(count, taps);
  if (!found) return found;
  // OpenCV inverts the ratio twice and keeps the position in float; both show in the last bit of a weight.
  const double step = 1.0 / (static_cast<double>(target) / source);
  float weights[kMostTaps];
  for (int i = 0; i < count; ++i) {
    const float centre = static_cast<float>((start + i + 0.5) * step - 0.5);
    const float floor = std::floor(centre);
    kernel(centre - floor, weights);
    for (int tap = 0; tap < taps; ++tap) {
      const int position = static_cast<int>(floor) + 1 - taps / 2 + tap;
      found.positions[i * taps + tap] = std::clamp(position, 0, source - 1);
      found.weights[i * taps + tap] = static_cast<int>(std::nearbyint(weights[tap] * kOpencvWeight));
    }
  }
  return found;
}

// One source row, blended across into count * channels sums.
template <int channels>
void blend_row(const std::uint8_t* row, const OpencvTaps& columns, int count, int shift, int* out) {
  const int* position = columns.positions.get();
  const int* weight = columns.weights.get();
  for (int x = 0; x < count; ++x, out += channels) {
    int sums[channels] = {};
    for (int tap = 0; tap < columns.taps; ++tap, ++position, ++weight) {
      const std::uint8_t* pixel = row + static_cast<std::size_t>(channels) * *position;
      for (int c = 0; c < channels; ++c) sums[c] += pixel[c] * *weight;
    }
    for (int c = 0; c < channels; ++c) out[c] = sums[c] >> shift;
  }
}

void blend_across(const Rows& photo, int y, const OpencvTaps& columns, int count, int shift, int* out) {
  const std::uint8_t* row = photo[y];
  switch (photo.channels()) {
    case 1: return blend_row<1>(row, columns, count, shift, out);
    case 3: return blend_row<3>(row, columns, count, shift, out);
    default: return blend_row<4>(row, columns, count, shift, out);
  }
}

// Source rows blended across; as many as there are taps, since neighbouring output rows share them.
class BlendedRows {
 public:
  BlendedRows(const Rows& photo, const OpencvTaps& columns, int count, int taps, int shift)
      : photo_(photo), columns_(columns), count_(count), taps_(taps), shift_(shift) {
    whole_ = true;
    for (int slot = 0; slot < taps_; ++slot) {
      held_[slot] = -1;
      sums_[slot] = allocate<int>(static_cast<std::size_t>(count) * photo.channels());
      whole_ = whole_ && sums_[slot];
    }
  }

  explicit operator bool() const { return whole_; }

  // Sums of the rows at `positions`, one for each tap.
  void find(const int* positions, const int** found) {
    for (int tap = 0; tap < taps_; ++tap) {
      int slot = slot_of(positions[tap]);
      if (slot < 0) {
        slot = free_slot(positions);
        held_[slot] = positions[tap];
        blend_across(photo_, positions[tap], columns_, count_, shift_, sums_[slot].get());
      }
      found[tap] = sums_[slot].get();
    }
  }

 private:
  int slot_of(int row) const {
    for (int slot = 0; slot < taps_; ++slot) {
      if (held_[slot] == row) return slot;
    }
    return -1;
  }

  // A slot whose row no tap needs now: there is one, as there are as many as taps.
  int free_slot(const int* positions) const {
    for (int slot = 0; slot < taps_; ++slot) {
      if (std::find(positions, positions + taps_, held_[slot]) == positions + taps_) return slot;
    }
    return 0;
  }

  const Rows& photo_;
  const OpencvTaps& columns_;
  int count_, taps_, shift_;
  bool whole_;
  int held_[kMostTaps];
  Buffer<int> sums_[kMostTaps];
};

// The sum down, in 1/2^22 levels, rounded half up.
std::uint8_t rounded_down(const int* const* sums, const int* weights, int taps, std::size_t i) {
  std::int64_t total = 1 << 21;
  for (int tap = 0; tap < taps; ++tap) total += static_cast<std::int64_t>(sums[tap][i]) * weights[tap];
  return to_level(static_cast<int>(total >> 22));
}

}  // namespace

OpencvTaps allocate_taps(int count, int taps) {
  OpencvTaps found;
  found.positions = allocate<int>(static_cast<std::size_t>(count) * taps);
  found.weights = allocate<int>(static_cast<std::size_t>(count) * taps);
  found.taps = taps;
  return found;
}

Status blend_linear(const Rows& photo, const OpencvTaps& columns, const OpencvTaps& rows, const Window& kept,
                    const Canvas& out) {
  if (!columns || !rows) return Status::kOutOfMemory;
  BlendedRows blended(photo, columns, kept.size.width, 2, 4);
  if (!blended) return Status::kOutOfMemory;
  const int channels = photo.channels();
  for (int y = 0; y < kept.size.height; ++y) {
    const int* sums[2];
    blended.find(rows.positions.get() + y * 2, sums);
    const int before = rows.weights[y * 2], after = rows.weights[y * 2 + 1];
    std::uint8_t* to = out.row(y);
    for (int x = 0, i = 0; x < kept.size.width; ++x, to += out.stride) {
      for (int c = 0; c < channels; ++c, ++i) {
        // Each product is cut to 1/4 of a level before the two are added: so does OpenCV.
        to[c] = to_level((((sums[0][i] * before) >> 16) + ((sums[1][i] * after) >> 16) + 2) >> 2);
      }
    }
  }
  return Status::kOk;
}

Status opencv_nearest(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  const auto position = [](int index, int source, int target) {
    const double step = 1.0 / (static_cast<double>(target) / source);
    return std::min(static_cast<int>(std::floor(index * step)), source - 1);
  };
  const int channels = photo.channels();
  for (int y = 0; y < kept.size.height; ++y) {
    const std::uint8_t* row = photo[position(kept.top + y, photo.size().height, resized.height)];
    std::uint8_t* to = out.row(y);
    for (int x = 0; x < kept.size.width; ++x, to += out.stride) {
      const int from = position(kept.left + x, photo.size().width, resized.width);
      std::copy_n(row + static_cast<std::size_t>(from) * channels, channels, to);
    }
  }
  return Status::kOk;
}

Status opencv_bilinear(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  const OpencvTaps columns = taps_of(photo.size().width, resized.width, kept.left, kept.size.width, linear, 2);
  const OpencvTaps rows = taps_of(photo.size().height, resized.height, kept.top, kept.size.height, linear, 2);
  return blend_linear(photo, columns, rows, kept, out);
}

Status opencv_bicubic(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  constexpr int kTaps = 4;
  const OpencvTaps columns = taps_of(photo.size().width, resized.width, kept.left, kept.size.width, cubic, kTaps);
  const OpencvTaps rows = taps_of(photo.size().height, resized.height, kept.top, kept.size.height, cubic, kTaps);
  if (!columns || !rows) return Status::kOutOfMemory;
  BlendedRows blended(photo, columns, kept.size.width, kTaps, 0);
  if (!blended) return Status::kOutOfMemory;
  const int channels = photo.channels();
  const int vectors = resized.width * channels / kVector * kVector - kept.left * channels;
  for (int y = 0; y < kept.size.height; ++y) {
    const int* sums[kTaps];
    blended.find(rows.positions.get() + y * kTaps, sums);
    const int* weights = rows.weights.get() + y * kTaps;
    float factors[kTaps];
    for (int tap = 0; tap < kTaps; ++tap) {
      factors[tap] = static_cast<float>(weights[tap]) * (1.0f / (kOpencvWeight * kOpencvWeight));
    }
    std::uint8_t* to = out.row(y);
    for (int x = 0, i = 0; x < kept.size.width; ++x, to += out.stride) {
      for (int c = 0; c < channels; ++c, ++i) {
        if (i >= vectors) {
          to[c] = rounded_down(sums, weights, kTaps, i);
          continue;
        }
        float total = static_cast<float>(sums[3][i]) * factors[3];
        for (int tap = 2; tap >= 0; --tap) total = static_cast<float>(sums[tap][i]) * factors[tap] + total;
        to[c] = to_level(static_cast<int>(std::nearbyint(total)));
      }
    }
  }
  return Status::kOk;
}

Status opencv_lanczos(const Rows& photo, Size resized, const Window& kept, const Canvas& out) {
  const OpencvTaps columns = taps_of(photo.size().width, resized.width, kept.left, kept.size.width, lanczos, kMostTaps);
  const OpencvTaps rows = taps_of(photo.size().height, resized.height, kept.top, kept.size.height, lanczos, kMostTaps);
  if (!columns || !rows) return Status::kOutOfMemory;
  BlendedRows blended(photo, columns, kept.size.width, kMostTaps, 0);
  if (!blended) return Status::kOutOfMemory;
  const int channels = photo.channels();
  for (int y = 0; y < kept.size.height; ++y) {
    const int* sums[kMostTaps];
    blended.find(rows.positions.get() + y * kMostTaps, sums);
    const int* weights = rows.weights.get() + y * kMostTaps;
    std::uint8_t* to = out.row(y);
    for (int x = 0, i = 0; x < kept.size.width; ++x, to += out.stride) {
      for (int c = 0; c < channels; ++c, ++i) to[c] = rounded_down(sums, weights, kMostTaps, i);
    }
  }
  return Status::kOk;
}

}  // namespace edgekit
