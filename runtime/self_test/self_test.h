// The golden samples that travel in an artifact, stage by stage.
#pragma once

#include <string>

#include "edgekit/runtime.h"

namespace edgekit {

SelfTest run_self_test(const std::string& folder, const Options& options, const std::string& beside);

}  // namespace edgekit
