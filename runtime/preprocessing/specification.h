// Checks of a specification that reading it and following it share.
#pragma once

#include "preprocess.h"

namespace edgekit {

// Whether the figures can work together.
bool is_possible(const Preprocessing& spec);

// Channels that come from the photo: all but one of zeros.
int photo_channels(const Preprocessing& spec);

}  // namespace edgekit
