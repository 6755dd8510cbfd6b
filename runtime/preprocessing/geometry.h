// Which pixels of a photo become which of a model's input: sizes and corners, in whole pixels.
#pragma once

#include "preprocess.h"

namespace edgekit {

// A rectangle of a picture.
struct Window {
  int top, left;
  Size size;
};

// The way of a photo into the input: `cut` out of the photo, `resized`, of that `kept`, and laid to `top`, `left`.
struct Placement {
  Window cut;
  Size resized;
  Window kept;
  int top, left;
};

// The way of a photo of that size; kTooSmall where it is smaller than what is cut out of it.
Status place(Size photo, const Preprocessing& spec, Placement* placement);

}  // namespace edgekit
