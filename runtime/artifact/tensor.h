// Numbers with a shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace edgekit {

using Shape = std::vector<std::int64_t>;

enum class TensorType { kFloat32, kUint8 };

// Contiguous, the last extent innermost, in this machine's order of bytes.
struct Tensor {
  TensorType type = TensorType::kFloat32;
  Shape shape;
  std::vector<std::uint8_t> bytes;

  float* floats() { return reinterpret_cast<float*>(bytes.data()); }
  const float* floats() const { return reinterpret_cast<const float*>(bytes.data()); }
  std::size_t count() const { return bytes.size() / (type == TensorType::kFloat32 ? 4 : 1); }
  std::int64_t samples() const { return shape.empty() ? 0 : shape[0]; }
  // Bytes of one sample, along the first extent.
  std::size_t stride() const { return samples() > 0 ? bytes.size() / static_cast<std::size_t>(samples()) : 0; }
};

inline std::size_t size_of(TensorType type) { return type == TensorType::kFloat32 ? 4 : 1; }

// How many values a shape has; false where it has a negative extent, or more than `most`.
bool count_of(const Shape& shape, std::uint64_t most, std::uint64_t* count);

// A tensor of zeros.
Tensor zeros(TensorType type, const Shape& shape);

// As people write it: [1, 3, 224, 224].
std::string shown(const Shape& shape);

// Samples `first` to `first + count` of a tensor.
Tensor part_of(const Tensor& tensor, std::int64_t first, std::int64_t count);

}  // namespace edgekit
