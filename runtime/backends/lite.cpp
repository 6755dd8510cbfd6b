// Paddle Lite by its published C++ API (paddle_api.h): the light runtime of an unpacked release, which runs what `opt` has
// written.
#include <paddle_api.h>
#if defined(EDGEKIT_LITE_STATIC)
// A static library registers its operators and kernels in whoever names them.
#include <paddle_use_kernels.h>
#include <paddle_use_ops.h>
#endif

#include <algorithm>
#include <cstring>
#include <set>

#include "../artifact/wording.h"
#include "backend.h"

namespace edgekit {
namespace {

namespace lite = paddle::lite_api;

// Kernels are fixed in a file: there is one for ARM and one for x86.
#if defined(__aarch64__) || defined(__arm__) || defined(_M_ARM64)
constexpr char kModel[] = "model.arm.nb";
constexpr char kSpare[] = "model.x86.nb";
constexpr char kVariant[] = "ARM";
#else
constexpr char kModel[] = "model.x86.nb";
constexpr char kSpare[] = "model.arm.nb";
constexpr char kVariant[] = "x86";
#endif

std::string shown_names(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + harmless(name, 60);
  return all;
}

class LiteBackend : public Backend {
 public:
  std::string open(const Artifact& artifact, const BackendOptions& options) {
    manifest_ = artifact.manifest;
    const std::string path = artifact.path_of(kModel);
    if (path.empty()) return harmless(artifact.folder) + " has no " + kModel + ", Paddle Lite's file for this processor";
    lite::MobileConfig config;
    config.set_model_from_file(path);
    config.set_threads(options.threads);
    // No core of its own: which are the fast ones is the system's to know. The precision mode stays what it is: low
    // precision on an FP32 file gives NaN for some networks, silently.
    config.set_power_mode(lite::LITE_POWER_NO_BIND);
    predictor_ = lite::CreatePaddlePredictor<lite::MobileConfig>(config);
    if (!predictor_) return "Paddle Lite cannot load " + harmless(file_of(manifest_, kModel));
    return check_ports();
  }

  // Whoever calls has compared the input's shape with the manifest's: the library runs a wrong size without an error, and
  // ends the process on a wrong batch.
  std::string run(const Tensor& input, std::vector<Tensor>* outputs) override {
    const std::unique_ptr<lite::Tensor> fed = predictor_->GetInput(0);
    fed->Resize(lite::shape_t(input.shape.begin(), input.shape.end()));
    std::memcpy(fed->mutable_data<float>(), input.floats(), input.bytes.size());
    predictor_->Run();
    outputs->clear();
    const std::vector<std::string> names = predictor_->GetOutputNames();
    for (const TensorSpec& spec : manifest_.outputs) {
      const auto at = find_output(names, spec.target_name);
      const std::unique_ptr<const lite::Tensor> got = predictor_->GetOutput(static_cast<int>(at - names.begin()));
      const lite::shape_t extents = got->shape();
      const Shape shape(extents.begin(), extents.end());
      std::uint64_t count = 0;
      if (!count_of(shape, kMostValues, &count) || count == 0) {
        return "Paddle Lite gave " + harmless(spec.name, 60) + " as " + shown(shape);
      }
      outputs->push_back(zeros(TensorType::kFloat32, shape));
      std::memcpy(outputs->back().floats(), got->data<float>(), outputs->back().bytes.size());
    }
    return "";
  }

  std::string version() const { return predictor_->GetVersion(); }

 private:
  static constexpr std::uint64_t kMostValues = std::uint64_t{1} << 28;

  // A file in FP16 converts its outputs back to FP32 and appends to their names.
  static std::vector<std::string>::const_iterator find_output(const std::vector<std::string>& names,
                                                              const std::string& wanted) {
    const auto at = std::find(names.begin(), names.end(), wanted);
    return at == names.end() ? std::find(names.begin(), names.end(), wanted + "/precision_trans") : at;
  }

  std::string check_ports() const {
    const std::vector<std::string> inputs = predictor_->GetInputNames(), outputs = predictor_->GetOutputNames();
    const std::string file = harmless(file_of(manifest_, kModel));
    if (inputs.size() != 1 || inputs[0] != manifest_.input.target_name) {
      return file + " has the inputs " + shown_names(inputs) + " where its manifest has " +
             harmless(manifest_.input.target_name, 60);
    }
    for (const TensorSpec& spec : manifest_.outputs) {
      if (find_output(outputs, spec.target_name) == outputs.end()) {
        return file + " has the outputs " + shown_names(outputs) + ", and not " + harmless(spec.target_name, 60);
      }
    }
    return "";
  }

  Manifest manifest_;
  std::shared_ptr<lite::PaddlePredictor> predictor_;
};

std::string& told_version() {
  static std::string version = EDGEKIT_LITE_VERSION;
  return version;
}

}  // namespace

const char* backend_target() { return "lite"; }
const char* backend_variant() { return kVariant; }

std::vector<std::string> backend_spares() { return {kSpare}; }

// Paddle Lite tells its version through a loaded model alone; before, what the release says of itself.
std::string backend_version() { return told_version(); }

std::string open_backend(const Artifact& artifact, const BackendOptions& options, std::unique_ptr<Backend>* backend) {
  // The file says what each layer computes in: this is only what its manifest calls it.
  const std::set<std::string> known{"fp32", "fp16", "int8"};
  if (known.count(options.precision) == 0) return "Paddle Lite's files are in fp32, fp16 or int8, not " + options.precision;
  if (artifact.manifest.embedded_preprocessing) return "Paddle Lite takes no artifact with embedded preprocessing";
  if (std::string problem = SettingsReader(artifact.manifest.settings).problem("Paddle Lite"); !problem.empty()) return problem;
  auto made = std::make_unique<LiteBackend>();
  if (std::string problem = made->open(artifact, options); !problem.empty()) return problem;
  told_version() = made->version();
  *backend = std::move(made);
  return "";
}

}  // namespace edgekit
