#include "pixels.h"

namespace {

// In 1/65536: 255/219, 1.402 * 255/224, 0.344136 * 255/224, 0.714136 * 255/224, 1.772 * 255/224.
constexpr int kLuma = 76309, kRed = 104597, kGreenU = 25675, kGreenV = 53279, kBlue = 132201;

std::uint8_t level(int sum) {
  const int rounded = (sum + 32768) >> 16;
  return static_cast<std::uint8_t>(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

void put(int y, int u, int v, std::uint8_t* rgb) {
  const int luma = kLuma * (y - 16);
  rgb[0] = level(luma + kRed * (v - 128));
  rgb[1] = level(luma - kGreenU * (u - 128) - kGreenV * (v - 128));
  rgb[2] = level(luma + kBlue * (u - 128));
}

}  // namespace

std::vector<std::uint8_t> rgb_of_yuyv(const std::uint8_t* pixels, int width, int height, std::size_t row_bytes) {
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  std::uint8_t* out = rgb.data();
  for (int row = 0; row < height; ++row) {
    const std::uint8_t* at = pixels + static_cast<std::size_t>(row) * row_bytes;
    for (int column = 0; column + 1 < width; column += 2, at += 4, out += 6) {
      put(at[0], at[1], at[3], out);
      put(at[2], at[1], at[3], out + 3);
    }
  }
  return rgb;
}
