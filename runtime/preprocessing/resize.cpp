#include "resize.h"

#include <algorithm>

namespace edgekit {
namespace {

Status copy(const Rows& photo, const Window& kept, const Canvas& out) {
  const int channels = photo.channels();
  for (int y = 0; y < kept.size.height; ++y) {
    const std::uint8_t* pixel = photo[kept.top + y] + static_cast<std::size_t>(kept.left) * channels;
    std::uint8_t* to = out.row(y);
    for (int x = 0; x < kept.size.width; ++x, pixel += channels, to += out.stride) std::copy_n(pixel, channels, to);
  }
  return Status::kOk;
}

}  // namespace

Status resize(const Rows& photo, Size resized, const Window& kept, ResizeBackend backend, Interpolation interpolation,
              const Canvas& out) {
  const Size size = photo.size();
  // Both libraries copy what has the size already.
  if (size.height == resized.height && size.width == resized.width) return copy(photo, kept, out);
  if (backend == ResizeBackend::kPillow) {
    if (interpolation == Interpolation::kNearest) return pillow_nearest(photo, resized, kept, out);
    return pillow_antialiased(photo, resized, kept, interpolation, out);
  }
  switch (interpolation) {
    case Interpolation::kNearest: return opencv_nearest(photo, resized, kept, out);
    case Interpolation::kBilinear: return opencv_bilinear(photo, resized, kept, out);
    case Interpolation::kBicubic: return opencv_bicubic(photo, resized, kept, out);
    case Interpolation::kLanczos: return opencv_lanczos(photo, resized, kept, out);
    case Interpolation::kArea: return opencv_area(photo, resized, kept, out);
    default: return Status::kBadPreprocessing;
  }
}

}  // namespace edgekit
