#include "png_checksum.h"

#include <array>

namespace edgekit {

std::uint32_t png_checksum(const std::uint8_t* data, std::size_t size, std::uint32_t before) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value & 1 ? 0xedb88320u ^ value >> 1 : value >> 1;
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t value = ~before;
  for (std::size_t i = 0; i < size; ++i) value = table[(value ^ data[i]) & 255] ^ value >> 8;
  return ~value;
}

}  // namespace edgekit
