#include "latency.h"

#include <algorithm>
#include <cmath>

#include "../model/clock.h"

namespace edgekit {
namespace {

constexpr std::size_t kLeast = 3;
constexpr int kUsualRepeats = 30;

double percentile(const std::vector<double>& ordered, double percent) {
  const double rank = std::ceil(percent / 100 * static_cast<double>(ordered.size())) - 1;
  return ordered[static_cast<std::size_t>(std::max(0.0, rank))];
}

}  // namespace

Latency latency_of(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return {percentile(times, 50), percentile(times, 95), times.front(), times.size()};
}

std::string measure(const std::function<std::string()>& call, int warmup, int repeats, double seconds,
                    Latency* latency) {
  for (int i = 0; i < warmup; ++i) {
    if (std::string problem = call(); !problem.empty()) return problem;
  }
  std::vector<double> times;
  const std::size_t most = static_cast<std::size_t>(repeats ? repeats : kUsualRepeats);
  const Stopwatch all;
  while (times.size() < most && (times.size() < kLeast || all.ms() < seconds * 1000)) {
    const Stopwatch one;
    if (std::string problem = call(); !problem.empty()) return problem;
    times.push_back(one.ms());
  }
  *latency = latency_of(std::move(times));
  return "";
}

}  // namespace edgekit
