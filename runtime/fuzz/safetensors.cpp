// A tensor file from anybody; what is taken is written and read again as it was.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "../artifact/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  edgekit::Safetensors found, again;
  if (!edgekit::read_safetensors(std::string(reinterpret_cast<const char*>(data), size), &found).empty()) return 0;
  std::vector<std::pair<std::string, edgekit::Tensor>> tensors(found.tensors.begin(), found.tensors.end());
  if (!edgekit::read_safetensors(edgekit::write_safetensors(tensors), &again).empty()) std::abort();
  if (again.tensors.size() != found.tensors.size()) std::abort();
  for (const auto& [name, tensor] : found.tensors) {
    if (again.tensors[name].bytes != tensor.bytes || again.tensors[name].shape != tensor.shape) std::abort();
  }
  return 0;
}
