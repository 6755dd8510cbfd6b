// edgekit_runner's command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../report/latency.h"
#include "edgekit/runtime.h"

namespace edgekit {

enum class Task { kClassify, kSelfTest, kRun, kReport, kVersion, kHelp };

struct Arguments {
  Task task = Task::kClassify;
  std::string artifact;
  std::string beside;               // of a self-test
  std::string tensors, outputs;     // of a run
  std::string report;               // the folder of a device's report
  std::vector<std::string> photos;
  std::vector<std::int64_t> batch;  // of a run: samples of each call in turn; empty for the artifact's own
  int top = 5;
  bool timed = false;
  Timing timing;
  std::vector<int> cores;           // the processors to run on; empty for all
  Options options;
};

extern const char* const kUsage;

// Returns an empty string, or what is wrong.
std::string read_arguments(const std::vector<std::string>& words, Arguments* arguments);

}  // namespace edgekit
