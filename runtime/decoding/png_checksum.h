#pragma once

#include <cstddef>
#include <cstdint>

namespace edgekit {

// CRC-32 as PNG's specification has it (polynomial 0xedb88320, reflected); `before` is that of the bytes before these.
std::uint32_t png_checksum(const std::uint8_t* data, std::size_t size, std::uint32_t before = 0);

}  // namespace edgekit
