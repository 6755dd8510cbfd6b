#include "session.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "../artifact/wording.h"

namespace edgekit {
namespace {

constexpr int kMostThreads = 1024;
constexpr int kUsualThreads = 4;

std::string settle(const Options& asked, const Manifest& manifest, BackendOptions* options) {
  if (asked.threads < 0 || asked.threads > kMostThreads) return std::to_string(asked.threads) + " threads are impossible";
  const int here = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options->threads = asked.threads ? asked.threads : std::min(here, kUsualThreads);
  // No more of the machine than was given, but fewer where that was measured to be faster.
  const std::int64_t fastest = SettingsReader(manifest.settings).integer("threads", options->threads);
  options->threads = static_cast<int>(std::clamp<std::int64_t>(fastest, 1, options->threads));
  options->precision = asked.precision.empty() ? manifest.precision : asked.precision;
  const bool half = options->precision == "fp32" || options->precision == "fp16";
  if (manifest.precision == "int8" ? options->precision != "int8" : !half) {
    const std::string able = manifest.precision == "int8" ? "int8 alone" : "fp32 or fp16";
    return "the precision " + harmless(options->precision, 40) + " is none of this artifact: it computes in " + able;
  }
  return "";
}

}  // namespace

std::string Session::open(const std::string& folder, const Options& options, std::shared_ptr<Session>* session) {
  auto made = std::make_shared<Session>();
  if (std::string problem = load_artifact(folder, &made->artifact_, backend_spares()); !problem.empty()) return problem;
  const Manifest& manifest = made->manifest();
  if (manifest.target != backend_target()) {
    return harmless(folder) + " is of the target " + manifest.target + ", and this program runs " + backend_target();
  }
  if (std::string problem = settle(options, manifest, &made->options_); !problem.empty()) return problem;
  if (std::string problem = open_backend(made->artifact_, made->options_, &made->backend_); !problem.empty()) {
    return problem;
  }
  // A backend reads files again: what it read must be what was hashed.
  if (std::string problem = check_unchanged(made->artifact_); !problem.empty()) return problem;
  *session = std::move(made);
  return "";
}

std::string Session::check_input(const Tensor& input) const {
  const TensorSpec& spec = manifest().input;
  bool fits = input.shape.size() == spec.shape.size() && input.samples() >= 1;
  for (std::size_t i = 0; fits && i < spec.shape.size(); ++i) {
    fits = spec.shape[i] == -1 || spec.shape[i] == input.shape[i];
  }
  const TensorType type = manifest().embedded_preprocessing ? TensorType::kUint8 : TensorType::kFloat32;
  if (fits && input.type == type) return "";
  return "the input " + harmless(spec.name, 60) + " is " + shown(input.shape) +
         (input.type == TensorType::kUint8 ? " of 8 bits" : " of float32") + " where the model takes " +
         shown(spec.shape) + (type == TensorType::kUint8 ? " of 8 bits" : " of float32");
}

std::string Session::check_outputs(std::int64_t samples, const std::vector<Tensor>& outputs) const {
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const TensorSpec& spec = manifest().outputs[o];
    bool fits = outputs[o].shape.size() == spec.shape.size() && outputs[o].samples() == samples;
    for (std::size_t i = 1; fits && i < spec.shape.size(); ++i) {
      fits = spec.shape[i] == -1 || spec.shape[i] == outputs[o].shape[i];
    }
    if (!fits || outputs[o].stride() == 0) {
      return "the output " + harmless(spec.name, 60) + " came as " + shown(outputs[o].shape) + ", which is not " +
             shown(spec.shape);
    }
  }
  return "";
}

std::string Session::run(const Tensor& input, std::vector<Tensor>* outputs) {
  if (std::string problem = check_input(input); !problem.empty()) return problem;
  const std::lock_guard<std::mutex> alone(mutex_);
  if (std::string problem = backend_->run(input, outputs); !problem.empty()) return problem;
  return check_outputs(input.samples(), *outputs);
}

std::string Session::run_all(const Tensor& input, const std::vector<std::int64_t>& sizes,
                             std::vector<Tensor>* outputs) {
  outputs->clear();
  const std::int64_t count = input.samples();
  std::int64_t start = 0;
  for (std::size_t turn = 0; start < count; ++turn) {
    const std::int64_t size = sizes[turn % sizes.size()];
    if (size < 1 || size > count - start) {
      return "the input holds " + std::to_string(count) + " samples, which batches of " + std::to_string(size) +
             " do not divide";
    }
    std::vector<Tensor> part;
    if (std::string problem = run(part_of(input, start, size), &part); !problem.empty()) return problem;
    if (outputs->empty()) {
      *outputs = std::move(part);
    } else {
      for (std::size_t o = 0; o < part.size(); ++o) {
        Tensor& all = (*outputs)[o];
        if (!std::equal(all.shape.begin() + 1, all.shape.end(), part[o].shape.begin() + 1)) {
          return "an output changes its shape from call to call";
        }
        all.shape[0] += part[o].shape[0];
        all.bytes.insert(all.bytes.end(), part[o].bytes.begin(), part[o].bytes.end());
      }
    }
    start += size;
  }
  return count ? "" : "the input holds no samples";
}

std::string Session::prepare(const Image& photo, Tensor* sample) const {
  const Preprocessing& spec = manifest().preprocessing;
  const std::int64_t channels = channels_of(spec), height = spec.crop.height, width = spec.crop.width;
  Status status;
  if (manifest().embedded_preprocessing) {
    *sample = zeros(TensorType::kUint8, {1, height, width, channels});
    status = cropped_levels(photo, spec, sample->bytes.data());
  } else {
    *sample = zeros(TensorType::kFloat32, {1, channels, height, width});
    status = preprocess(photo, spec, sample->floats());
  }
  return status == Status::kOk ? "" : describe(status);
}

}  // namespace edgekit
