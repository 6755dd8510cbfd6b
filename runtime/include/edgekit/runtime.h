// Runs an artifact of edgekit in an app: five functions, load, classify, self_test, report and version.
//
// Nothing here throws. Whatever can go wrong is in a result's `error`: one sentence for people, empty where all went well.
// docs/runtime.md says how it is built and used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace edgekit {

class Session;

struct Options {
  int threads = 0;        // 0: as many as the machine has, four at most
  std::string precision;  // "fp32", "fp16", or empty for the artifact's own
};

// A loaded artifact. Copies share it; calls from several threads wait for each other.
class Model {
 public:
  Model() = default;
  explicit Model(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  explicit operator bool() const { return session_ != nullptr; }
  Session* session() const { return session_.get(); }

 private:
  std::shared_ptr<Session> session_;
};

struct Loaded {
  Model model;
  std::string error;
};

// Load the artifact in `folder`: its manifest is read, its files' hashes are checked.
Loaded load(const std::string& folder, const Options& options = {});

// A photo: the bytes of a JPEG or PNG file, or pixels. What it points to must stay until `classify` returns.
struct Photo {
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;       // of a file's bytes; 0 for pixels
  int width = 0, height = 0;  // of pixels: 8-bit RGB, or RGBA with four channels, row by row, upright
  int channels = 3;
  std::size_t row_bytes = 0;  // 0: without gaps

  static Photo file(const void* bytes, std::size_t size) {
    return {static_cast<const std::uint8_t*>(bytes), size, 0, 0, 3, 0};
  }
  static Photo pixels(const std::uint8_t* rgb, int width, int height, int channels = 3, std::size_t row_bytes = 0) {
    return {rgb, 0, width, height, channels, row_bytes};
  }
};

// A class, or a label: its index, its name where it has one, and its probability.
struct Ranked {
  int index = 0;
  std::string name;
  double probability = 0;
};

struct Classification {
  std::string error;
  std::vector<Ranked> top;     // the likeliest first; none of a model that gives features
  std::vector<Ranked> labels;  // those above their threshold, where labels do not exclude each other
  std::vector<float> values;   // the first output as it is: logits, probabilities or features
  double decode_ms = 0, preprocess_ms = 0, run_ms = 0;
};

// What is on a photo: the `top` likeliest classes.
Classification classify(const Model& model, const Photo& photo, int top = 5);

// One thing that was compared with what travels in the artifact.
struct Stage {
  std::string name;
  std::string status;  // "passed", "failed" or "not compared"
  double figure = 0;   // what was measured
  double limit = 0;    // what it may be at most
  std::string detail;
};

struct SelfTest {
  std::string error;    // where it could not be made at all
  bool passed = false;  // no stage failed, and the outputs were compared
  std::vector<Stage> stages;
};

// Whether the artifact computes here what it computed when it was verified: its golden samples, stage by stage. `beside`
// is another artifact to be loaded in between; without one it is the same once more.
SelfTest self_test(const std::string& folder, const Options& options = {}, const std::string& beside = "");

struct ReportOptions {
  // What only the caller knows, by name: manufacturer, model, android, abi. It becomes the report's `machine`.
  std::vector<std::pair<std::string, std::string>> machine;
  const SelfTest* self_test = nullptr;  // one that was made before, perhaps in another process
  bool frame = true;                    // write frame.png, uncompressed; false where the caller writes it
  int repeats = 10;                     // timed runs on the photo, for the report's latency
};

// What this device did with one photo, as files in `folder`, which is made where it is absent: report.json,
// manifest.json, frame.png, tensors.safetensors and outputs.safetensors. Zipped, they are what `edgekit verify
// --from-device` judges. report.json is written last: a folder without one is unfinished. Returns an empty string, or
// what is wrong.
std::string report(const Model& model, const Photo& photo, const std::string& folder, const ReportOptions& options = {});

struct Version {
  std::string edgekit, backend, backend_version, compiler, architecture;
};

Version version();

}  // namespace edgekit
