// A double of Paddle Lite for tests: it computes one network, that of tests/native/lite_model.py, whatever file it gets.
//
// logits[k] = sum over channels c of mean(x[c]) * w(c, k): the weights are a formula that the test has too. As Paddle
// Lite does it, it ends the process with a message where a file is none, and computes whatever shape it is given.
// EDGEKIT_LITE_DOUBLE makes it wrong: "crash", "illegal", "nan", "shape" or "off".
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "paddle_api.h"

namespace paddle {
namespace lite_api {
namespace {

constexpr int kChannels = 3, kClasses = 5;

struct Raw {
  shape_t shape;
  std::vector<float> values;
};

float weight(int channel, int k) { return static_cast<float>((channel * kClasses + k) * 7 % 11 - 5) / 8.0f; }

bool is(const char* what) {
  const char* asked = std::getenv("EDGEKIT_LITE_DOUBLE");
  return asked != nullptr && std::strcmp(asked, what) == 0;
}

[[noreturn]] void fatal(const char* why) {
  std::fprintf(stderr, "[F double.cpp] %s\n", why);
  std::fflush(stderr);
  std::abort();
}

class Predictor : public PaddlePredictor {
 public:
  explicit Predictor(PrecisionMode mode) : low_(mode == LITE_PRECISION_LOW) {}

  std::unique_ptr<Tensor> GetInput(int) override { return std::make_unique<Tensor>(static_cast<void*>(&input_)); }
  std::unique_ptr<const Tensor> GetOutput(int) const override {
    return std::make_unique<const Tensor>(static_cast<const void*>(&output_));
  }
  std::string GetVersion() const override { return "v2.13-rc"; }
  std::vector<std::string> GetInputNames() override { return {"x"}; }
  // As it is for a file in FP16.
  std::vector<std::string> GetOutputNames() override { return {is("fp16") ? "logits/precision_trans" : "logits"}; }
  std::unique_ptr<Tensor> GetInputByName(const std::string&) override { return GetInput(0); }
  std::unique_ptr<const Tensor> GetTensor(const std::string&) const override { return GetOutput(0); }

  void Run() override {
    if (is("crash")) fatal("Check failed: kernels not found");
    if (is("illegal")) std::raise(SIGILL);
    if (input_.shape.size() != 4) fatal("Check failed: the input has four dimensions");
    const int64_t samples = input_.shape[0], channels = input_.shape[1], pixels = input_.shape[2] * input_.shape[3];
    output_.shape = {samples, is("shape") ? kClasses - 1 : kClasses};
    output_.values.assign(static_cast<std::size_t>(output_.shape[0] * output_.shape[1]), 0.0f);
    for (int64_t s = 0; s < samples; ++s) {
      for (int64_t c = 0; c < channels && c < kChannels; ++c) {
        double sum = 0;
        for (int64_t p = 0; p < pixels; ++p) sum += input_.values[static_cast<std::size_t>((s * channels + c) * pixels + p)];
        const float mean = static_cast<float>(sum / static_cast<double>(pixels));
        for (int64_t k = 0; k < output_.shape[1]; ++k) {
          const auto at = static_cast<std::size_t>(s * output_.shape[1] + k);
          output_.values[at] += mean * weight(static_cast<int>(c), static_cast<int>(k));
        }
      }
    }
    // As the real one does on an FP32 file.
    if (low_ || is("nan")) output_.values.assign(output_.values.size(), std::numeric_limits<float>::quiet_NaN());
    if (is("off")) output_.values[0] *= 1.001f;
  }

 private:
  bool low_;
  Raw input_, output_;
};

Raw* raw_of(void* raw) { return static_cast<Raw*>(raw); }

}  // namespace

Tensor::Tensor(void* raw) : raw_tensor_(raw) {}
Tensor::Tensor(const void* raw) : raw_tensor_(const_cast<void*>(raw)) {}
void Tensor::Resize(const shape_t& shape) { raw_of(raw_tensor_)->shape = shape; }
shape_t Tensor::shape() const { return raw_of(raw_tensor_)->shape; }
PrecisionType Tensor::precision() const { return PrecisionType::kFloat; }

template <>
const float* Tensor::data<float>() const {
  return raw_of(raw_tensor_)->values.data();
}

template <>
float* Tensor::mutable_data<float>(TargetType) const {
  Raw* raw = raw_of(raw_tensor_);
  std::size_t count = 1;
  for (const int64_t extent : raw->shape) count *= static_cast<std::size_t>(extent);
  raw->values.resize(count);
  return raw->values.data();
}

void ConfigBase::set_threads(int threads) { threads_ = threads; }
void ConfigBase::set_power_mode(PowerMode mode) { mode_ = mode; }
void MobileConfig::set_model_from_file(const std::string& x) { file_ = x; }
void MobileConfig::set_model_from_buffer(const std::string& x) { buffer_ = x; }

template <>
std::shared_ptr<PaddlePredictor> CreatePaddlePredictor(const MobileConfig& config) {
  std::string content = config.lite_model_buffer();
  if (!config.lite_model_file().empty()) {
    std::ifstream file(config.lite_model_file(), std::ios::binary);
    std::stringstream read;
    read << file.rdbuf();
    content = read.str();
  }
  // The format's number, 2, is what a .nb file begins with.
  if (content.size() < 18 || content[0] != 2 || content[1] != 0) fatal("Check failed: the model is not of this format");
  return std::make_shared<Predictor>(config.precision_mode());
}

}  // namespace lite_api
}  // namespace paddle
