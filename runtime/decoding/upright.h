// Turns a picture as its EXIF orientation says.
#pragma once

#include "picture.h"

namespace edgekit {

// False where there is no memory for the turned picture.
bool turn_upright(int orientation, Picture* picture);

}  // namespace edgekit
