// The stages of a self-test, from a photo's file to decisions.
#pragma once

#include <vector>

#include "../model/session.h"
#include "golden.h"

namespace edgekit {

// Decoded photo, levels, tensor: what the first sample was made from, on the way that a user's photo takes.
void test_preparation(const Session& session, const Golden& golden, std::vector<Stage>* stages);

// Each output's error beside the verdict's limit, and the decisions. `call` says how the samples were run.
void test_outputs(const std::vector<Tensor>& outputs, const Golden& golden, const Manifest& manifest,
                  const VerdictRecord& verdict, const std::string& call, std::vector<Stage>* stages);

// Equal to the bit, or not.
Stage equal_stage(const std::string& name, const std::vector<Tensor>& ours, const std::vector<Tensor>& wanted,
                  const std::string& what);

}  // namespace edgekit
