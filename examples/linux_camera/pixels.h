// A camera's pixels as RGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// YUYV (4:2:2, two pixels in four bytes: Y0 U Y1 V; rows of `row_bytes`), of BT.601 in the video range (ITU-R BT.601-7,
// 2.5.3: Y from 16 to 235, U and V from 16 to 240), as USB cameras give it. `width` is even. RGB, row by row.
std::vector<std::uint8_t> rgb_of_yuyv(const std::uint8_t* pixels, int width, int height, std::size_t row_bytes);
