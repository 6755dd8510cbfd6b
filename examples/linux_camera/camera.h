// A camera by V4L2 (Video for Linux), in JPEG or YUYV.
#pragma once

#include <memory>

#include "frames.h"

// Returns an empty string or what is wrong. The camera may give another size than the one that is asked for.
std::string open_camera(const std::string& device, int width, int height, std::unique_ptr<Frames>* frames);
