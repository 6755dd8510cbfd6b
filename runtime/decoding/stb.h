// stb_image, compiled for JPEG and PNG in memory alone, with bounded allocations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace edgekit {

// The pixels with that many channels, to be freed by `free`, or null with what is wrong. No allocation is larger than `largest` bytes.
std::uint8_t* stb_decode(const std::uint8_t* file, std::size_t size, int channels, std::size_t largest, int* width,
                         int* height, std::string* problem);

}  // namespace edgekit
