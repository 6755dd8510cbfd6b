// What OpenCV's separable interpolations share: taps with weights of 11 bits, and rows blended across.
#pragma once

#include <cstdint>

#include "resize.h"
#include "rows.h"

namespace edgekit {

constexpr float kOpencvWeight = 2048.0f;

// Position i blends `taps` source positions from positions[i * taps] on, with the weights, in 1/2048, beside them.
struct OpencvTaps {
  Buffer<int> positions, weights;
  int taps = 0;

  explicit operator bool() const { return positions && weights; }
};

OpencvTaps allocate_taps(int count, int taps);

// Two taps an axis, blended as INTER_LINEAR blends them.
Status blend_linear(const Rows& photo, const OpencvTaps& columns, const OpencvTaps& rows, const Window& kept,
                    const Canvas& out);

inline std::uint8_t to_level(int value) {
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

}  // namespace edgekit
