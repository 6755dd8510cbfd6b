// Resizing as OpenCV and as Pillow do it, computing only the part that the crop keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "preprocess.h"

namespace edgekit {

struct Size {
  int width;
  int height;
};

// Memory that may be refused: null instead of an exception.
template <typename T>
using Buffer = std::unique_ptr<T[]>;

template <typename T>
Buffer<T> allocate(std::size_t count) {
  return Buffer<T>(new (std::nothrow) T[count]);
}

// The centre crop x crop of the photo at `resized`, as cv2.resize with INTER_LINEAR. `levels`: [crop, crop, 3].
Status opencv_bilinear(const Image& photo, Size resized, int crop, std::uint8_t* levels);

// The centre crop x crop of the photo at `resized`, as PIL.Image.resize with BILINEAR or BICUBIC.
Status pillow_antialiased(const Image& photo, Size resized, int crop, Interpolation interpolation,
                          std::uint8_t* levels);

}  // namespace edgekit
