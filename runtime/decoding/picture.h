// A photo's file as pixels, as edgekit/inputs/images.py reads it: upright, 8 bits, RGB or RGBA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "../preprocessing/preprocess.h"

namespace edgekit {

constexpr std::uint64_t kMostPixels = 89478485;  // Pillow's limit against decompression bombs
constexpr std::uint32_t kLongestSide = 32768;
constexpr std::size_t kLargestPhotoFile = std::size_t{512} << 20;

struct FreePixels {
  void operator()(std::uint8_t* pixels) const { std::free(pixels); }
};

// Row by row, without gaps.
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 3;  // 4 with an alpha channel
  std::unique_ptr<std::uint8_t, FreePixels> pixels;  // from malloc

  std::size_t bytes() const { return static_cast<std::size_t>(width) * height * channels; }
  Image image() const { return {pixels.get(), width, height, static_cast<std::size_t>(width) * channels, channels}; }
};

// Decode a JPEG or PNG file. With `alpha`, RGBA where the photo has such a channel. Grey, palette and CMYK become RGB,
// 16 bits keep their upper 8. Returns an empty string, or what is wrong, beginning with a verb ("is cut short").
std::string decode(const std::uint8_t* file, std::size_t size, bool alpha, Picture* picture);

}  // namespace edgekit
