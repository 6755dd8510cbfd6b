// A double of Paddle Lite's published C++ API, for tests of what edgekit does around it. See double.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "paddle_place.h"

namespace paddle {
namespace lite_api {

using shape_t = std::vector<int64_t>;

struct Tensor {
  explicit Tensor(void* raw);
  explicit Tensor(const void* raw);

  void Resize(const shape_t& shape);
  template <typename T>
  const T* data() const;
  template <typename T>
  T* mutable_data(TargetType type = TargetType::kHost) const;
  shape_t shape() const;
  PrecisionType precision() const;

 private:
  void* raw_tensor_;
};

class PaddlePredictor {
 public:
  PaddlePredictor() = default;
  virtual std::unique_ptr<Tensor> GetInput(int i) = 0;
  virtual std::unique_ptr<const Tensor> GetOutput(int i) const = 0;
  virtual void Run() = 0;
  virtual std::string GetVersion() const = 0;
  virtual std::vector<std::string> GetInputNames() = 0;
  virtual std::vector<std::string> GetOutputNames() = 0;
  virtual std::unique_ptr<Tensor> GetInputByName(const std::string& name) = 0;
  virtual std::unique_ptr<const Tensor> GetTensor(const std::string& name) const = 0;
  virtual ~PaddlePredictor() = default;
};

class ConfigBase {
 public:
  void set_threads(int threads);
  int threads() const { return threads_; }
  void set_power_mode(PowerMode mode);
  PowerMode power_mode() const { return mode_; }

 private:
  int threads_ = 1;
  PowerMode mode_ = LITE_POWER_NO_BIND;
};

class MobileConfig : public ConfigBase {
 public:
  void set_model_from_file(const std::string& x);
  void set_model_from_buffer(const std::string& x);
  const std::string& lite_model_file() const { return file_; }
  const std::string& lite_model_buffer() const { return buffer_; }
  void set_precision_mode(PrecisionMode mode) { precision_mode_ = mode; }
  PrecisionMode precision_mode() const { return precision_mode_; }

 private:
  std::string file_, buffer_;
  PrecisionMode precision_mode_ = LITE_PRECISION_NORMAL;
};

template <typename ConfigT>
std::shared_ptr<PaddlePredictor> CreatePaddlePredictor(const ConfigT& config);

}  // namespace lite_api
}  // namespace paddle
