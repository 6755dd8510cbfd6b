// What an inference library does for an artifact. One library is compiled in; its file defines these functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../artifact/load.h"

namespace edgekit {

struct BackendOptions {
  int threads = 1;
  std::string precision;  // fp32 or fp16: what it computes in, where the library can choose
};

// A loaded model. Not for several threads at once.
class Backend {
 public:
  virtual ~Backend() = default;

  // One call: `input` is [batch, ...] as the manifest says, `outputs` are the manifest's in its order, float32
  // [batch, ...]. Returns an empty string, or what is wrong.
  virtual std::string run(const Tensor& input, std::vector<Tensor>* outputs) = 0;
};

// The target whose artifacts it runs, as manifests have it: "ncnn".
const char* backend_target();

// The library's version.
std::string backend_version();

// The variant of a verdict that is about this build: empty where a target has one only.
const char* backend_variant();

// Roles of files that this build never opens, and that may be absent: those for other processors.
std::vector<std::string> backend_spares();

// Load the model of an artifact whose files are checked. Returns an empty string, or what is wrong.
std::string open_backend(const Artifact& artifact, const BackendOptions& options, std::unique_ptr<Backend>* backend);

}  // namespace edgekit
