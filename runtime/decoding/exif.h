// A photo's orientation, where a camera or a program wrote it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgekit {

// The orientation of EXIF data, which begin with a TIFF head; 0 where they have none.
int exif_orientation(const std::uint8_t* data, std::size_t size);

// The orientation in an XMP packet; 0 where it has none.
int xmp_orientation(const std::uint8_t* data, std::size_t size);

// What counts of both, as Pillow has it: EXIF's where it is there, else that of XMP; 1 for what means nothing.
int orientation_of(int exif, int xmp);

}  // namespace edgekit
