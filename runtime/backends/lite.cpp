// Paddle Lite's light runtime by its published C++ API (paddle_api.h), from an unpacked release.
#include <paddle_api.h>

#include <algorithm>
#include <cstring>

#include "../artifact/wording.h"
#include "backend.h"

namespace edgekit {
namespace {

namespace lite = paddle::lite_api;

// Kernels are fixed in a file: there is one for ARM and one for x86.
#if defined(__aarch64__) || defined(__arm__) || defined(_M_ARM64)
const char* const kRole = "model.arm.nb";
const char* const kVariant = "ARM";
#else
const char* const kRole = "model.x86.nb";
const char* const kVariant = "x86";
#endif

class LiteBackend : public Backend {
 public:
  std::string open(const Artifact& artifact, const BackendOptions& options) {
    manifest_ = artifact.manifest;
    const std::string path = artifact.path_of(kRole);
    if (path.empty()) return harmless(artifact.folder) + " has no " + kRole + ", Paddle Lite's file for this processor";
    lite::MobileConfig config;
    config.set_model_from_file(path);
    config.set_threads(options.threads);
    config.set_power_mode(lite::LITE_POWER_NO_BIND);
    predictor_ = lite::CreatePaddlePredictor<lite::MobileConfig>(config);
    if (!predictor_) return "Paddle Lite cannot load " + harmless(file_of(manifest_, kRole));
    return check_ports(harmless(file_of(manifest_, kRole)));
  }

  // Whoever calls has compared the input's shape with the manifest's: the library runs a wrong size without an error, and
  // ends the process on a wrong batch.
  std::string run(const Tensor& input, std::vector<Tensor>* outputs) override {
    outputs->clear();
    const std::unique_ptr<lite::Tensor> fed = predictor_->GetInput(0);
    fed->Resize(input.shape);
    std::memcpy(fed->mutable_data<float>(), input.floats(), input.bytes.size());
    predictor_->Run();
    for (std::size_t o = 0; o < manifest_.outputs.size(); ++o) {
      const std::unique_ptr<const lite::Tensor> found = predictor_->GetOutput(places_[o]);
      const Shape shape = found->shape();
      std::uint64_t count = 0;
      if (!count_of(shape, kLargestOutput, &count)) return "Paddle Lite gave an output of the shape " + shown(shape);
      outputs->push_back(zeros(TensorType::kFloat32, shape));
      std::memcpy(outputs->back().bytes.data(), found->data<float>(), outputs->back().bytes.size());
    }
    return "";
  }

 private:
  static constexpr std::uint64_t kLargestOutput = std::uint64_t{1} << 28;

  std::string check_ports(const std::string& file) {
    const std::vector<std::string> inputs = predictor_->GetInputNames(), outputs = predictor_->GetOutputNames();
    if (inputs.size() != 1 || inputs[0] != manifest_.input.target_name) {
      return file + " has no input " + harmless(manifest_.input.target_name, 60) + ", as its manifest says";
    }
    for (const TensorSpec& spec : manifest_.outputs) {
      const auto at = std::find(outputs.begin(), outputs.end(), spec.target_name);
      if (at == outputs.end() || outputs.size() != manifest_.outputs.size()) {
        return file + " has other outputs than its manifest says";
      }
      places_.push_back(static_cast<int>(at - outputs.begin()));
    }
    return "";
  }

  Manifest manifest_;
  std::shared_ptr<lite::PaddlePredictor> predictor_;
  std::vector<int> places_;
};

}  // namespace

const char* backend_target() { return "lite"; }
const char* backend_variant() { return kVariant; }

// Only a loaded model tells the library's version.
std::string backend_version() { return EDGEKIT_LITE_VERSION; }

std::string open_backend(const Artifact& artifact, const BackendOptions& options, std::unique_ptr<Backend>* backend) {
  // An FP16 file needs a library built for it, and LITE_PRECISION_LOW on an FP32 file gives NaN.
  if (options.precision != "fp32") return "Paddle Lite's files compute in fp32 here, not " + options.precision;
  if (artifact.manifest.embedded_preprocessing) return "Paddle Lite takes no artifact with embedded preprocessing";
  auto made = std::make_unique<LiteBackend>();
  if (std::string problem = made->open(artifact, options); !problem.empty()) return problem;
  *backend = std::move(made);
  return "";
}

}  // namespace edgekit
