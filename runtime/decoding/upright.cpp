#include "upright.h"

#include <algorithm>
#include <utility>

namespace edgekit {

bool turn_upright(int orientation, Picture* picture) {
  if (orientation < 2 || orientation > 8) return true;
  // EXIF 2.3: where the picture's first row and column lie. From 5 on rows are columns.
  const bool transposed = orientation >= 5;
  const bool right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int width = transposed ? picture->height : picture->width;
  const int height = transposed ? picture->width : picture->height;
  Picture turned{width, height, picture->channels, {}};
  turned.pixels.reset(static_cast<std::uint8_t*>(std::malloc(picture->bytes())));
  if (!turned.pixels) return false;
  const std::ptrdiff_t step = picture->channels, row = step * picture->width;
  std::uint8_t* out = turned.pixels.get();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x, out += step) {
      const int down = transposed ? x : y, across = transposed ? y : x;
      const int from_y = bottom ? picture->height - 1 - down : down;
      const int from_x = right ? picture->width - 1 - across : across;
      std::copy_n(picture->pixels.get() + row * from_y + step * from_x, step, out);
    }
  }
  *picture = std::move(turned);
  return true;
}

}  // namespace edgekit
