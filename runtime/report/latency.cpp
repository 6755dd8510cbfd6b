#include "latency.h"

#include <algorithm>
#include <cmath>

#include "../model/clock.h"
#include "machine.h"

namespace edgekit {
namespace {

constexpr std::size_t kLeast = 3;
constexpr int kUsualRepeats = 30;
constexpr std::size_t kMostClocks = 600;

double percentile(const std::vector<double>& ordered, double percent) {
  const double rank = std::ceil(percent / 100 * static_cast<double>(ordered.size())) - 1;
  return ordered[static_cast<std::size_t>(std::max(0.0, rank))];
}

// The p50 of equal parts of the times, in a row: as many as there are, or as there are times.
std::vector<double> parts_of(const std::vector<double>& times, std::size_t count) {
  std::vector<double> found;
  count = std::min(count, times.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = times.begin() + static_cast<std::ptrdiff_t>(times.size() * i / count);
    const auto end = times.begin() + static_cast<std::ptrdiff_t>(times.size() * (i + 1) / count);
    found.push_back(latency_of({begin, end}).p50);
  }
  return found;
}

}  // namespace

Latency latency_of(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  Latency latency;
  latency.p50 = percentile(times, 50);
  latency.p95 = percentile(times, 95);
  latency.least = times.front();
  latency.repeats = times.size();
  return latency;
}

std::string measure(const std::function<std::string()>& call, const Timing& timing, Latency* latency) {
  for (int i = 0; i < timing.warmup; ++i) {
    if (std::string problem = call(); !problem.empty()) return problem;
  }
  std::vector<double> times, minute, minutes;
  std::vector<std::int64_t> clocks;
  const double every = std::max(1.0, timing.least_seconds / kMostClocks);
  const std::size_t most = static_cast<std::size_t>(timing.repeats ? timing.repeats : kUsualRepeats);
  const Stopwatch all;
  const auto wanted = [&](double seconds) {
    if (seconds < timing.least_seconds) return true;
    return times.size() < most && (times.size() < kLeast || seconds < timing.seconds);
  };
  for (double seconds = 0; wanted(seconds); seconds = all.ms() / 1000) {
    // Between calls, so that reading takes nothing of what is timed.
    if (timing.blocks && clocks.size() < kMostClocks && seconds >= static_cast<double>(clocks.size()) * every) {
      clocks.push_back(highest_clock());
    }
    if (seconds >= 60 * static_cast<double>(minutes.size() + 1) && !minute.empty()) {
      minutes.push_back(latency_of(std::move(minute)).p50);
      minute.clear();
    }
    const Stopwatch one;
    if (std::string problem = call(); !problem.empty()) return problem;
    times.push_back(one.ms());
    minute.push_back(times.back());
  }
  const double seconds = all.ms() / 1000;
  // What is left of a last minute is no minute, but where there is no other.
  if (minutes.empty() || seconds >= 60 * static_cast<double>(minutes.size()) + 30) {
    if (!minute.empty()) minutes.push_back(latency_of(std::move(minute)).p50);
  }
  std::vector<double> blocks = parts_of(times, static_cast<std::size_t>(timing.blocks));
  *latency = latency_of(std::move(times));
  latency->seconds = seconds;
  if (!timing.blocks) return "";
  latency->blocks = std::move(blocks);
  latency->minutes = std::move(minutes);
  latency->clocks = std::move(clocks);
  latency->clock_seconds = every;
  return "";
}

}  // namespace edgekit
