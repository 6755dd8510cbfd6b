// An artifact's manifest.json (edgekit/artifact/manifest.py): what a device needs of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "../preprocessing/preprocess.h"
#include "settings.h"
#include "tensor.h"

namespace edgekit {

constexpr int kSchema = 2;
constexpr std::int64_t kDynamicBatch = 0;

enum class OutputKind { kLogits, kProbabilities, kSigmoid, kFeatures };

const char* name_of(OutputKind kind);

// An input or output: its name in the Paddle program, and what the target calls it. An extent of -1 may be anything.
struct TensorSpec {
  std::string name;
  std::string target_name;
  Shape shape;
  bool channels_last = false;             // of an image: [N, H, W, C] in the file, though nothing is embedded
  OutputKind kind = OutputKind::kLogits;  // of outputs
  std::vector<double> thresholds;         // of a sigmoid's labels: one for all or one for each
};

struct FileRecord {
  std::string sha256;
  std::uint64_t bytes = 0;
  std::string role;
};

// What verification measured of one output (edgekit/parity/verdict.py).
struct VerdictFigures {
  double max_threshold = 0;
  double noise = 0;     // the reference's largest relative error
  double measured = 0;  // the artifact's
};

struct VerdictRecord {
  std::string variant;
  std::string status;
  std::string precision;
  bool emulated = false;
  std::map<std::string, VerdictFigures> outputs;
};

struct Manifest {
  int schema = 0;
  std::string edgekit;
  std::string target;
  std::string precision;
  std::int64_t batch = 1;  // kDynamicBatch: any
  std::string model;
  std::int64_t class_count = -1;
  std::vector<std::string> class_names;  // empty where they are not known
  Preprocessing preprocessing;
  bool embedded_preprocessing = false;
  Settings settings;
  TensorSpec input;
  std::vector<TensorSpec> outputs;
  std::map<std::string, FileRecord> files;
  std::map<std::string, FileRecord> golden;
  std::vector<VerdictRecord> verdicts;
};

// From the text of a manifest. Returns an empty string, or what is wrong, beginning with "it". A schema newer than
// kSchema is refused.
std::string read_manifest(const std::string& text, Manifest* manifest);

// The file that the converter called `role`; empty where there is none.
std::string file_of(const Manifest& manifest, const std::string& role);

}  // namespace edgekit
