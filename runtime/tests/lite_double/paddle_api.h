// A test double of Paddle Lite's published C++ API: the names that backends/lite.cpp calls, and no more. It is ours, not
// a part of Paddle Lite. Its model multiplies the mean of each sample's values by 1, 2, 3, ...
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace paddle {
namespace lite_api {

using shape_t = std::vector<int64_t>;

enum PowerMode { LITE_POWER_HIGH = 0, LITE_POWER_LOW = 1, LITE_POWER_FULL = 2, LITE_POWER_NO_BIND = 3 };

// Copies share what they hold, as a predictor's own tensors do.
struct Tensor {
  void Resize(const shape_t& shape);
  template <typename T>
  const T* data() const;
  template <typename T>
  T* mutable_data() const;
  shape_t shape() const;

  struct State {
    shape_t shape;
    std::vector<float> values;
  };
  std::shared_ptr<State> state = std::make_shared<State>();
};

class PaddlePredictor {
 public:
  virtual ~PaddlePredictor() = default;
  virtual std::unique_ptr<Tensor> GetInput(int i) = 0;
  virtual std::unique_ptr<const Tensor> GetOutput(int i) const = 0;
  virtual std::vector<std::string> GetInputNames() = 0;
  virtual std::vector<std::string> GetOutputNames() = 0;
  virtual void Run() = 0;
  virtual std::string GetVersion() const = 0;
};

class MobileConfig {
 public:
  void set_model_from_file(const std::string& file) { file_ = file; }
  void set_threads(int threads) { threads_ = threads; }
  void set_power_mode(PowerMode) {}
  const std::string& file() const { return file_; }
  int threads() const { return threads_; }

 private:
  std::string file_;
  int threads_ = 1;
};

template <typename Config>
std::shared_ptr<PaddlePredictor> CreatePaddlePredictor(const Config& config);

}  // namespace lite_api
}  // namespace paddle
