// The rows of a photo in the channels that a model takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "geometry.h"
#include "preprocess.h"

namespace edgekit {

// Memory that may be refused: null instead of an exception.
template <typename T>
using Buffer = std::unique_ptr<T[]>;

template <typename T>
Buffer<T> allocate(std::size_t count) {
  return Buffer<T>(new (std::nothrow) T[count]);
}

// A window of a photo, row by row. Only rows that are asked for are converted.
class Rows {
 public:
  Rows(const Image& photo, const Window& cut, const Preprocessing& spec);

  // False where there was no memory for a converted row.
  explicit operator bool() const { return as_is_ || converted_; }

  int channels() const { return channels_; }
  Size size() const { return cut_.size; }

  // Row `y` of the window, [width, channels]; it stays until another row is asked for.
  const std::uint8_t* operator[](int y) const;

 private:
  Image photo_;
  Window cut_;
  ChannelOrder order_;
  ResizeBackend backend_;
  int channels_;
  bool as_is_;
  Buffer<std::uint8_t> converted_;
};

}  // namespace edgekit
