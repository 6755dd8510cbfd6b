// How far outputs are from the oracle's, as edgekit/parity measures it (values.py, metrics.py), in float64.
#pragma once

#include <string>
#include <vector>

#include "../artifact/manifest.h"

namespace edgekit {

// Samples by values.
struct Rows {
  std::size_t samples = 0, values = 0;
  std::vector<double> data;

  double* operator[](std::size_t sample) { return data.data() + sample * values; }
  const double* operator[](std::size_t sample) const { return data.data() + sample * values; }
};

Rows rows_of(const Tensor& tensor);

// An output and its truth as they are compared: log-probabilities for probabilities, logits for a sigmoid's values.
struct Compared {
  Rows ours, truth;
  std::vector<double> scales;      // what a sample's errors are relative to
  std::vector<double> thresholds;  // of a sigmoid's labels, as logits: one for all or one for each

  // The largest error relative to its sample's scale.
  double max_relative() const;
};

// Returns an empty string, or why the values cannot be an output of that kind, beginning with a verb.
std::string compare(const Tensor& ours, const Tensor& truth, const TensorSpec& spec, const std::string& precision,
                    Compared* compared);

}  // namespace edgekit
