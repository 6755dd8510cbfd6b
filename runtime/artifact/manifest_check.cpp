#include "manifest_check.h"

#include <algorithm>
#include <set>

#include "wording.h"

namespace edgekit {
namespace {

constexpr std::int64_t kLargestBatch = 4096;
constexpr std::int64_t kLargestExtent = std::int64_t{1} << 24;
constexpr std::uint64_t kLargestCall = std::uint64_t{1} << 30;  // bytes of the input of one call in float32
constexpr std::size_t kHashDigits = 64;
const char* const kTargets[] = {"lite", "mnn", "ncnn", "onnx", "openvino", "paddle", "tensorrt", "tflite"};
const char* const kChannelsLast = "tflite";

std::string check_names(const Manifest& manifest) {
  if (std::find(std::begin(kTargets), std::end(kTargets), manifest.target) == std::end(kTargets)) {
    return "it is of the target '" + harmless(manifest.target, 60) + "', which this edgekit does not have";
  }
  const std::string& name = manifest.model;
  if (!is_name(name) || name.find('/') != std::string::npos || name == "." || name == "..") {
    return "its model's name '" + harmless(name, 60) + "' cannot be that of a folder";
  }
  std::vector<TensorSpec> specs = manifest.outputs;
  specs.push_back(manifest.input);
  for (const TensorSpec& spec : specs) {
    if (!is_name(spec.name) || !is_name(spec.target_name)) return "it has a tensor called '" + harmless(spec.name, 60) + "'";
  }
  return "";
}

std::string check_files(const std::map<std::string, FileRecord>& files) {
  for (const auto& [name, record] : files) {
    const bool outside = name.find_first_of("/\\:") != std::string::npos || name == "." || name == "..";
    if (!is_name(name) || outside) return "it names a file outside its folder: '" + harmless(name, 60) + "'";
    const bool digits = record.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (record.sha256.size() != kHashDigits || !digits) {
      return "what it says of its file " + harmless(name, 60) + " is no hash and no size";
    }
  }
  return "";
}

std::string check_shape(const TensorSpec& spec, const Manifest& manifest) {
  const Shape& shape = spec.shape;
  const auto possible = [](std::int64_t extent) { return extent == -1 || (extent >= 1 && extent <= kLargestExtent); };
  if (shape.size() < 2 || shape.size() > 8 || !std::all_of(shape.begin(), shape.end(), possible)) {
    return "its tensor " + harmless(spec.name, 60) + " has the shape " + shown(shape);
  }
  if (shape[0] != (manifest.batch == kDynamicBatch ? -1 : manifest.batch)) {
    return "its tensor " + harmless(spec.name, 60) + " has the shape " + shown(shape) + ", and its batch is " +
           (manifest.batch == kDynamicBatch ? "dynamic" : std::to_string(manifest.batch));
  }
  if (spec.channels_last && manifest.target != kChannelsLast) {
    return "its tensor " + harmless(spec.name, 60) + " has the channels last, as no file of " + manifest.target + " has them";
  }
  const auto& thresholds = spec.thresholds;
  const bool counted = thresholds.size() <= 1 || static_cast<std::int64_t>(thresholds.size()) == shape[1];
  const auto inside = [](double one) { return one > 0 && one < 1; };
  if (!counted || !std::all_of(thresholds.begin(), thresholds.end(), inside)) {
    return "the thresholds of its output " + harmless(spec.name, 60) + " are not one for each label";
  }
  return "";
}

// The input that this preprocessing makes, without the batch.
std::string check_input(const Manifest& manifest) {
  const Preprocessing& spec = manifest.preprocessing;
  const std::int64_t channels = channels_of(spec), height = spec.crop.height, width = spec.crop.width;
  const bool last = manifest.embedded_preprocessing || manifest.input.channels_last;
  const Shape made = last ? Shape{height, width, channels} : Shape{channels, height, width};
  const Shape& shape = manifest.input.shape;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (shape.size() != 4 || (shape[i + 1] != -1 && shape[i + 1] != made[i])) {
      return "its input " + harmless(manifest.input.name, 60) + " is " + shown(shape) + ", and its preprocessing makes " +
             shown(made);
    }
  }
  const std::uint64_t each = static_cast<std::uint64_t>(channels * height * width) * sizeof(float);
  const std::uint64_t batch = static_cast<std::uint64_t>(std::max<std::int64_t>(manifest.batch, 1));
  if (batch * each > kLargestCall) return "one call of it takes " + std::to_string(batch * each >> 20) + " MiB of photos";
  return "";
}

}  // namespace

std::string check_manifest(const Manifest& manifest) {
  if (std::string problem = check_names(manifest); !problem.empty()) return problem;
  if (std::string problem = check_files(manifest.files); !problem.empty()) return problem;
  if (std::string problem = check_files(manifest.golden); !problem.empty()) return problem;
  if (manifest.batch > kLargestBatch) return "its batch is " + std::to_string(manifest.batch);
  if (manifest.outputs.empty()) return "it has no outputs";
  std::set<std::string> names;
  for (const TensorSpec& spec : manifest.outputs) {
    if (!names.insert(spec.name).second) return "two of its outputs have one name";
    if (std::string problem = check_shape(spec, manifest); !problem.empty()) return problem;
  }
  if (std::string problem = check_shape(manifest.input, manifest); !problem.empty()) return problem;
  if (std::string problem = check_input(manifest); !problem.empty()) return problem;
  std::set<std::string> roles;
  for (const auto& one : manifest.files) {
    if (!roles.insert(one.second.role).second) return "two of its files have one role";
  }
  return "";
}

}  // namespace edgekit
