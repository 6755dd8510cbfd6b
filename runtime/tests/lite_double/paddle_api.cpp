#include "paddle_api.h"

#include <fstream>
#include <numeric>

namespace paddle {
namespace lite_api {
void Tensor::Resize(const shape_t& shape) {
  state->shape = shape;
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  state->values.resize(count);
}

template <>
const float* Tensor::data<float>() const {
  return state->values.data();
}

template <>
float* Tensor::mutable_data<float>() const {
  return state->values.data();
}

shape_t Tensor::shape() const { return state->shape; }

namespace {

constexpr std::int64_t kClasses = 4;

class Double : public PaddlePredictor {
 public:
  std::unique_ptr<Tensor> GetInput(int) override { return std::make_unique<Tensor>(input_); }
  std::unique_ptr<const Tensor> GetOutput(int) const override { return std::make_unique<Tensor>(output_); }
  std::vector<std::string> GetInputNames() override { return {"x"}; }
  std::vector<std::string> GetOutputNames() override { return {"save_infer_model/scale_0"}; }
  std::string GetVersion() const override { return "double"; }

  void Run() override {
    const std::int64_t samples = input_.state->shape[0];
    const std::vector<float>& values = input_.state->values;
    const std::size_t each = values.size() / static_cast<std::size_t>(samples);
    output_.Resize({samples, kClasses});
    float* out = output_.mutable_data<float>();
    for (std::size_t s = 0; s < static_cast<std::size_t>(samples); ++s) {
      const float* from = values.data() + s * each;
      const float mean = std::accumulate(from, from + each, 0.0f) / static_cast<float>(each);
      for (std::int64_t c = 0; c < kClasses; ++c) *out++ = mean * static_cast<float>(c + 1);
    }
  }

 private:
  Tensor input_, output_;
};

}  // namespace

// The real one ends the process where a file is none; so nobody may ask it to open what was not looked at.
template <>
std::shared_ptr<PaddlePredictor> CreatePaddlePredictor<MobileConfig>(const MobileConfig& config) {
  return std::ifstream(config.file()) ? std::make_shared<Double>() : nullptr;
}

}  // namespace lite_api
}  // namespace paddle
