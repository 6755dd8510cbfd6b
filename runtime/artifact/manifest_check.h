// What a manifest must say to be one (edgekit/artifact/check.py): it may come from anybody.
#pragma once

#include "manifest.h"

namespace edgekit {

// Empty, or what is impossible, beginning with "it".
std::string check_manifest(const Manifest& manifest);

}  // namespace edgekit
