// What a photo's file says of itself, read before its pixels are: a size that is bounded, an end that is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace edgekit {

struct Structure {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int orientation = 1;         // EXIF's, 1 to 8
  bool transparent = false;    // has an alpha channel, or a colour that counts as transparent
  std::size_t largest = 0;     // bytes that one allocation of the decoder may need at most
  std::string rewritten;       // the file to decode in place of the given one, where that is not empty
};

bool is_jpeg(const std::uint8_t* file, std::size_t size);
bool is_png(const std::uint8_t* file, std::size_t size);

// Return an empty string, or what is wrong, beginning with a verb.
std::string read_jpeg_structure(const std::uint8_t* file, std::size_t size, Structure* structure);
std::string read_png_structure(const std::uint8_t* file, std::size_t size, Structure* structure);

// Empty, or that the picture is none or too large.
std::string check_size(const Structure& structure);

}  // namespace edgekit
