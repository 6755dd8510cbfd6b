#include "stages.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "../artifact/wording.h"
#include "decisions.h"

namespace edgekit {
namespace {

// Below this nothing fails, whatever the reference's own error was (edgekit.parity.tolerance: floor).
constexpr double kFloor = 2e-6;

Stage without(const std::string& name, const std::string& why) { return {name, "not compared", 0, 0, why}; }

Stage broken(const std::string& name, const std::string& why) { return {name, "failed", INFINITY, 0, why}; }

std::string told(double value) {
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  stream.precision(3);
  stream << value;
  return stream.str();
}

// The figure is how many values differ.
Stage equal_values(const std::string& name, const void* ours, const void* wanted, std::size_t count, std::size_t size,
                   const std::string& what) {
  std::size_t other = 0;
  for (std::size_t i = 0; i < count; ++i) {
    other += std::memcmp(static_cast<const char*>(ours) + i * size, static_cast<const char*>(wanted) + i * size, size) != 0;
  }
  return {name, other ? "failed" : "passed", static_cast<double>(other), 0,
          std::to_string(count - other) + " of " + std::to_string(count) + " " + what + " are equal"};
}

Stage decoded(const Tensor& file, const Tensor& photo) {
  const char* const name = "decoded photo";
  Picture picture;
  if (const std::string problem = decode(file.bytes.data(), file.bytes.size(), false, &picture); !problem.empty()) {
    return broken(name, "the photo " + problem);
  }
  if (photo.shape != Shape{picture.height, picture.width, picture.channels}) {
    return broken(name, "the photo was decoded to another size than " + shown(photo.shape));
  }
  return equal_values(name, picture.pixels.get(), photo.bytes.data(), photo.count(), 1, "values of pixels");
}

Stage levels_stage(const Image& image, const Preprocessing& spec, const Tensor& levels) {
  const char* const name = "levels";
  Tensor ours = zeros(TensorType::kUint8, {spec.crop.height, spec.crop.width, channels_of(spec)});
  if (const Status status = cropped_levels(image, spec, ours.bytes.data()); status != Status::kOk) {
    return broken(name, describe(status));
  }
  if (ours.shape != levels.shape) return broken(name, "the crop is " + shown(ours.shape) + ", not " + shown(levels.shape));
  return equal_values(name, ours.bytes.data(), levels.bytes.data(), levels.count(), 1, "levels");
}

Stage tensor_stage(const Session& session, const Image& image, const Tensor& input) {
  const char* const name = "tensor";
  Tensor ours;
  if (const std::string problem = session.prepare(image, &ours); !problem.empty()) return broken(name, problem);
  const Tensor wanted = part_of(input, 0, 1);
  if (ours.shape != wanted.shape || ours.type != wanted.type) {
    return broken(name, "the tensor is " + shown(ours.shape) + ", not " + shown(wanted.shape));
  }
  return equal_values(name, ours.bytes.data(), wanted.bytes.data(), wanted.count(), size_of(wanted.type), "values");
}

}  // namespace

void test_preparation(const Session& session, const Golden& golden, std::vector<Stage>* stages) {
  const Tensor *file = golden.find("photo_file"), *photo = golden.find("photo"), *levels = golden.find("levels");
  const std::string none = "no bundled photo travels with this artifact";
  const std::string old = "the golden samples are of an older edgekit: run `edgekit verify` again";
  if (!photo) {
    for (const char* name : {"decoded photo", "levels", "tensor"}) stages->push_back(without(name, none));
    return;
  }
  stages->push_back(file ? decoded(*file, *photo) : without("decoded photo", old));
  const int height = static_cast<int>(photo->shape[0]), width = static_cast<int>(photo->shape[1]);
  const int channels = static_cast<int>(photo->shape[2]);
  const Image image = {photo->bytes.data(), width, height, static_cast<std::size_t>(width) * channels, channels};
  stages->push_back(levels ? levels_stage(image, session.manifest().preprocessing, *levels) : without("levels", old));
  stages->push_back(tensor_stage(session, image, golden.input));
}

void test_outputs(const std::vector<Tensor>& outputs, const Golden& golden, const Manifest& manifest,
                  const VerdictRecord& verdict, const std::string& call, std::vector<Stage>* stages) {
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const TensorSpec& spec = manifest.outputs[o];
    const std::string name = "output " + harmless(spec.name, 60) + call, choice = "decisions of " + harmless(spec.name, 60) + call;
    const auto figures = verdict.outputs.find(spec.name);
    if (figures == verdict.outputs.end()) {
      stages->push_back(broken(name, "the verdict has no limit for it"));
      continue;
    }
    Compared compared;
    if (const std::string problem = compare(outputs[o], golden.oracle[o], spec, verdict.precision, &compared);
        !problem.empty()) {
      stages->push_back(broken(name, "it " + problem));
      continue;
    }
    const double error = compared.max_relative(), limit = figures->second.max_threshold;
    stages->push_back({name, error <= limit ? "passed" : "failed", error, limit,
                       "the largest error beside the oracle, relative to its sample's largest value"});
    // FP32 is held to the reference's noise, lower precisions to the error with which they were let pass.
    double noise = std::max(figures->second.noise, kFloor);
    if (verdict.precision != "fp32") noise = std::max(noise, figures->second.measured);
    const Decisions made = decide(compared, spec.kind, noise);
    if (!made.made) {
      stages->push_back(without(choice, "features decide for no class"));
      continue;
    }
    const std::size_t wrong = made.other - made.excused;
    stages->push_back({choice, wrong ? "failed" : "passed", static_cast<double>(wrong), 0,
                       std::to_string(made.made - made.other) + " of " + std::to_string(made.made) +
                           " are the oracle's, and " + std::to_string(made.excused) +
                           " of the others are parted by less than twice the noise (" + told(noise) + ")"});
  }
}

Stage equal_stage(const std::string& name, const std::vector<Tensor>& ours, const std::vector<Tensor>& wanted,
                  const std::string& what) {
  std::size_t other = 0, count = 0;
  for (std::size_t o = 0; o < wanted.size(); ++o) {
    if (o >= ours.size() || ours[o].shape != wanted[o].shape) return broken(name, "the outputs have other shapes");
    for (std::size_t i = 0; i < wanted[o].count(); ++i) {
      other += std::memcmp(ours[o].floats() + i, wanted[o].floats() + i, sizeof(float)) != 0;
    }
    count += wanted[o].count();
  }
  return {name, other ? "failed" : "passed", static_cast<double>(other), 0,
          std::to_string(count - other) + " of " + std::to_string(count) + " values are equal to the bit " + what};
}

}  // namespace edgekit
