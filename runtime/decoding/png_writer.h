// Writes pixels as PNG, uncompressed: what keeps a frame needs no compressor, and a zip around it has one.
#pragma once

#include <string>

#include "../preprocessing/preprocess.h"

namespace edgekit {

// RGB or RGBA, 8 bits. Returns an empty string, or what is wrong.
std::string write_png(const std::string& path, const Image& image);

}  // namespace edgekit
