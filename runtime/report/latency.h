// Latency of one call, as converters/lib/edgeworker/benchmark.py measures it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace edgekit {

// How to time: calls before it starts; up to `repeats` calls within about `seconds`, three at least, and then on until
// `least_seconds` are over.
struct Timing {
  int warmup = 0, repeats = 0;
  double seconds = 10;
  double least_seconds = 0;
  int blocks = 0;  // how many parts in a row to show, and the clocks beside them; 0: none
};

// Milliseconds. `blocks` are the p50 of as many equal parts, in a row, `minutes` those of each minute; `clocks` the highest
// clock of this process's processors, in kHz, every `clock_seconds`, 0 where the system does not tell.
struct Latency {
  double p50 = 0, p95 = 0, least = 0;
  std::size_t repeats = 0;
  double seconds = 0;
  std::vector<double> blocks, minutes;
  std::vector<std::int64_t> clocks;
  double clock_seconds = 0;
};

// The nearest-rank percentiles of some times, one at least.
Latency latency_of(std::vector<double> times);

// Time `call`. Returns an empty string, or what the call says is wrong.
std::string measure(const std::function<std::string()>& call, const Timing& timing, Latency* latency);

}  // namespace edgekit
