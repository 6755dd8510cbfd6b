// An artifact with its loaded model: whole batches in, checked outputs out.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../artifact/load.h"
#include "../backends/backend.h"
#include "../decoding/picture.h"
#include "edgekit/runtime.h"

namespace edgekit {

class Session {
 public:
  // Returns an empty string, or what is wrong.
  static std::string open(const std::string& folder, const Options& options, std::shared_ptr<Session>* session);

  const Manifest& manifest() const { return artifact_.manifest; }
  const Artifact& artifact() const { return artifact_; }
  int threads() const { return options_.threads; }
  const std::string& precision() const { return options_.precision; }

  // How many samples a call takes; 1 where it takes any number.
  std::int64_t batch() const { return manifest().batch == kDynamicBatch ? 1 : manifest().batch; }

  // One call: `input` is [batch, ...] as the manifest says. Outputs in the manifest's order, float32 [batch, ...].
  std::string run(const Tensor& input, std::vector<Tensor>* outputs);

  // Any number of samples, in calls of `sizes` in turn, which must divide them.
  std::string run_all(const Tensor& input, const std::vector<std::int64_t>& sizes, std::vector<Tensor>* outputs);

  // One photo as the artifact takes it, [1, ...]: a tensor, or 8-bit levels. Returns an empty string or what is wrong.
  std::string prepare(const Image& photo, Tensor* sample) const;

 private:
  std::string check_input(const Tensor& input) const;
  std::string check_outputs(std::int64_t samples, const std::vector<Tensor>& outputs) const;

  Artifact artifact_;
  BackendOptions options_;
  std::unique_ptr<Backend> backend_;
  std::mutex mutex_;
};

}  // namespace edgekit
