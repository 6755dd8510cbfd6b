#include "golden.h"

#include "../artifact/file.h"
#include "../artifact/wording.h"

namespace edgekit {
namespace {

constexpr std::size_t kLargestGolden = std::size_t{2} << 30;

bool is_picture(const Tensor& tensor) {
  return tensor.type == TensorType::kUint8 && tensor.shape.size() == 3 && tensor.count() > 0;
}

}  // namespace

std::string read_golden(const Artifact& artifact, Golden* golden) {
  const Manifest& manifest = artifact.manifest;
  if (manifest.golden.size() != 1) {
    return harmless(artifact.folder) + " has no golden samples: run `edgekit verify` on it";
  }
  const std::string path = join(artifact.folder, manifest.golden.begin()->first);
  std::string content;
  if (std::string problem = read_file(path, kLargestGolden, "golden file", &content); !problem.empty()) return problem;
  if (sha256_of(content) != manifest.golden.begin()->second.sha256) return harmless(path) + " has been changed";
  Safetensors found;
  if (const std::string problem = read_safetensors(content, &found); !problem.empty()) {
    return harmless(path) + " cannot be read: " + problem;
  }
  const auto input = found.tensors.find("input/" + manifest.input.name);
  if (input == found.tensors.end() || input->second.count() == 0) return harmless(path) + " has no input in it";
  golden->input = std::move(input->second);
  for (const TensorSpec& spec : manifest.outputs) {
    const auto oracle = found.tensors.find("oracle/" + spec.name);
    if (oracle == found.tensors.end() || oracle->second.type != TensorType::kFloat32 ||
        oracle->second.samples() != golden->input.samples()) {
      return harmless(path) + " has no oracle's values of the output " + harmless(spec.name, 60);
    }
    golden->oracle.push_back(std::move(oracle->second));
  }
  for (const char* name : {"photo", "levels", "photo_file"}) {
    const auto one = found.tensors.find(name);
    if (one == found.tensors.end()) continue;
    const bool file = one->first == "photo_file";
    if (file ? one->second.type != TensorType::kUint8 || one->second.count() == 0 : !is_picture(one->second)) {
      return harmless(path) + " has a " + name + " that is none";
    }
    golden->first_sample[name] = std::move(one->second);
  }
  return "";
}

}  // namespace edgekit
