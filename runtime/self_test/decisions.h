// What an output decides for, and where that is not what the oracle decides (edgekit/parity/decisions.py).
#pragma once

#include "errors.h"

namespace edgekit {

struct Decisions {
  std::size_t made = 0;     // classes or labels that were decided on
  std::size_t other = 0;    // otherwise than the oracle
  std::size_t excused = 0;  // of these: where the oracle parts the two by less than twice the noise
};

// `noise` is relative to the samples' scales. Features decide for nothing.
Decisions decide(const Compared& compared, OutputKind kind, double noise);

}  // namespace edgekit
