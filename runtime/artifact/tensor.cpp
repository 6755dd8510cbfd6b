#include "tensor.h"

namespace edgekit {

bool count_of(const Shape& shape, std::uint64_t most, std::uint64_t* count) {
  *count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return false;
    const std::uint64_t many = static_cast<std::uint64_t>(extent);
    if (many != 0 && *count > most / many) return false;
    *count *= many;
  }
  return *count <= most;
}

Tensor zeros(TensorType type, const Shape& shape) {
  Tensor tensor{type, shape, {}};
  std::size_t bytes = size_of(type);
  for (const std::int64_t extent : shape) bytes *= static_cast<std::size_t>(extent);
  tensor.bytes.resize(bytes);
  return tensor;
}

std::string shown(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Tensor part_of(const Tensor& tensor, std::int64_t first, std::int64_t count) {
  Tensor part{tensor.type, tensor.shape, {}};
  part.shape[0] = count;
  const auto from = tensor.bytes.begin() + static_cast<std::ptrdiff_t>(tensor.stride()) * first;
  part.bytes.assign(from, from + static_cast<std::ptrdiff_t>(tensor.stride()) * count);
  return part;
}

}  // namespace edgekit
