// pixels_tool WIDTH HEIGHT: YUYV from stdin, RGB to stdout. For tests.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "pixels.h"

int main(int count, char** words) {
  if (count != 3) return 2;
  const int width = std::atoi(words[1]), height = std::atoi(words[2]);
  const std::size_t row = static_cast<std::size_t>(width) * 2;
  std::vector<std::uint8_t> given(row * static_cast<std::size_t>(height));
  if (std::fread(given.data(), 1, given.size(), stdin) != given.size()) return 1;
  const std::vector<std::uint8_t> rgb = rgb_of_yuyv(given.data(), width, height, row);
  return std::fwrite(rgb.data(), 1, rgb.size(), stdout) == rgb.size() ? 0 : 1;
}
