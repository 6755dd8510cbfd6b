// The safetensors format: eight bytes of length, a JSON head, and the tensors' bytes (little-endian).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tensor.h"

namespace edgekit {

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// From the content of a file. Tensors are F32 or U8; offsets must fill the file without holes. Returns an empty string,
// or what is wrong, beginning with "it".
std::string read_safetensors(const std::string& content, Safetensors* found);

// The content of a file with these tensors, in this order.
std::string write_safetensors(const std::vector<std::pair<std::string, Tensor>>& tensors);

}  // namespace edgekit
