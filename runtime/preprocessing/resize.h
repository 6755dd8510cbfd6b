// Resizing as OpenCV and as Pillow do it, computing only the part that is kept.
#pragma once

#include <cstdint>

#include "geometry.h"
#include "preprocess.h"
#include "rows.h"

namespace edgekit {

// A picture to be written, or a part of a larger one: `channels` of each pixel are written, the next pixel is `stride`
// bytes further, the next row `row_bytes`.
struct Canvas {
  std::uint8_t* levels;
  int stride;
  std::size_t row_bytes;

  std::uint8_t* row(int y) const { return levels + static_cast<std::size_t>(y) * row_bytes; }
};

// The window `kept` of the photo at `resized`, with the backend's interpolation.
Status resize(const Rows& photo, Size resized, const Window& kept, ResizeBackend backend, Interpolation interpolation,
              const Canvas& out);

Status opencv_nearest(const Rows& photo, Size resized, const Window& kept, const Canvas& out);
Status opencv_bilinear(const Rows& photo, Size resized, const Window& kept, const Canvas& out);
Status opencv_bicubic(const Rows& photo, Size resized, const Window& kept, const Canvas& out);
Status opencv_lanczos(const Rows& photo, Size resized, const Window& kept, const Canvas& out);
Status opencv_area(const Rows& photo, Size resized, const Window& kept, const Canvas& out);

Status pillow_nearest(const Rows& photo, Size resized, const Window& kept, const Canvas& out);
Status pillow_antialiased(const Rows& photo, Size resized, const Window& kept, Interpolation interpolation,
                          const Canvas& out);

}  // namespace edgekit
