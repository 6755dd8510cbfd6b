// Latency of one call, as converters/lib/edgeworker/benchmark.py measures it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace edgekit {

// Milliseconds.
struct Latency {
  double p50 = 0, p95 = 0, least = 0;
  std::size_t repeats = 0;
};

// The nearest-rank percentiles of some times, one at least.
Latency latency_of(std::vector<double> times);

// Time `call` up to `repeats` times after `warmup` calls, within about `seconds`; at least three times. Returns an empty
// string, or what the call says is wrong.
std::string measure(const std::function<std::string()>& call, int warmup, int repeats, double seconds,
                    Latency* latency);

}  // namespace edgekit
