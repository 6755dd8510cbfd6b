// The photos of a folder, in the order of their names: a camera for tests.
#pragma once

#include <memory>

#include "frames.h"

// Returns an empty string or what is wrong.
std::string open_folder(const std::string& path, std::unique_ptr<Frames>* frames);
