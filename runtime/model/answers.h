// What an output's values say: classes and labels (edgekit/predict.py).
#pragma once

#include <vector>

#include "../artifact/manifest.h"
#include "edgekit/runtime.h"

namespace edgekit {

// Probabilities of one sample's values: a softmax over logits, others as they are. One logit alone stands for two
// classes: it is that of the second.
std::vector<double> probabilities(const float* values, std::size_t count, OutputKind kind);

// The `top` likeliest; of equal ones the one with the smaller index first.
std::vector<Ranked> ranked(const std::vector<double>& probabilities, const std::vector<std::string>& names, int top);

// Those above their threshold, by index: `thresholds` are one for all or one for each, 0.5 where there are none.
std::vector<Ranked> above(const std::vector<double>& probabilities, const std::vector<std::string>& names,
                          const std::vector<double>& thresholds);

}  // namespace edgekit
