#include "edgekit/runtime.h"

#include <cmath>
#include <exception>

#include "../self_test/self_test.h"
#include "answers.h"
#include "clock.h"
#include "guard.h"
#include "session.h"

namespace edgekit {
namespace {

std::string image_of(const Photo& photo, bool alpha, Picture* picture, Image* image) {
  if (!photo.bytes) return "there is no photo";
  if (photo.size) {
    if (const std::string problem = decode(photo.bytes, photo.size, alpha, picture); !problem.empty()) {
      return "the photo " + problem;
    }
    *image = picture->image();
    return "";
  }
  if (photo.channels < 1 || photo.width < 1) return describe(Status::kBadImage);
  const std::size_t least = static_cast<std::size_t>(photo.width) * static_cast<std::size_t>(photo.channels);
  *image = {photo.bytes, photo.width, photo.height, photo.row_bytes ? photo.row_bytes : least, photo.channels};
  return "";
}

// The photo's answer. A call of a fixed batch is filled up with the same photo.
std::string classify_photo(Session* session, const Photo& photo, int top, Classification* answer) {
  const Manifest& manifest = session->manifest();
  Picture picture;
  Image image;
  const Stopwatch decoding;
  const bool alpha = manifest.preprocessing.channel_order == ChannelOrder::kRgba ||
                     manifest.preprocessing.channel_order == ChannelOrder::kBgra;
  if (std::string problem = image_of(photo, alpha, &picture, &image); !problem.empty()) return problem;
  answer->decode_ms = decoding.ms();
  const Stopwatch preparing;
  Tensor sample;
  if (std::string problem = session->prepare(image, &sample); !problem.empty()) return problem;
  answer->preprocess_ms = preparing.ms();
  const std::vector<std::uint8_t> one = sample.bytes;
  for (std::int64_t i = 1; i < session->batch(); ++i) sample.bytes.insert(sample.bytes.end(), one.begin(), one.end());
  sample.shape[0] = session->batch();
  const Stopwatch running;
  std::vector<Tensor> outputs;
  if (std::string problem = session->run(sample, &outputs); !problem.empty()) return problem;
  answer->run_ms = running.ms();
  const std::size_t count = outputs[0].count() / static_cast<std::size_t>(outputs[0].samples());
  answer->values.assign(outputs[0].floats(), outputs[0].floats() + count);
  for (const float value : answer->values) {
    if (!std::isfinite(value)) return "the model gave values that are infinite or none (NaN)";
  }
  const TensorSpec& spec = manifest.outputs[0];
  if (spec.kind == OutputKind::kFeatures) return "";
  const std::vector<double> row = probabilities(answer->values.data(), count, spec.kind);
  answer->top = ranked(row, manifest.class_names, top);
  if (spec.kind == OutputKind::kSigmoid) answer->labels = above(row, manifest.class_names, spec.thresholds);
  return "";
}

}  // namespace

Loaded load(const std::string& folder, const Options& options) {
  Loaded loaded;
  guarded(&loaded.error, [&] {
    std::shared_ptr<Session> session;
    loaded.error = Session::open(folder, options, &session);
    if (loaded.error.empty()) loaded.model = Model(std::move(session));
  });
  return loaded;
}

Classification classify(const Model& model, const Photo& photo, int top) {
  Classification answer;
  guarded(&answer.error, [&] {
    answer.error = model ? classify_photo(model.session(), photo, top, &answer) : "no model is loaded";
  });
  return answer;
}

SelfTest self_test(const std::string& folder, const Options& options, const std::string& beside) {
  SelfTest result;
  guarded(&result.error, [&] { result = run_self_test(folder, options, beside); });
  if (!result.error.empty()) result.passed = false;
  return result;
}

Version version() {
#if defined(__clang__)
  const std::string compiler = std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  const std::string compiler = std::string("gcc ") + __VERSION__;
#else
  const std::string compiler = "unknown";
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
  const std::string architecture = "aarch64";
#elif defined(__arm__)
  const std::string architecture = "armv7";
#elif defined(__x86_64__) || defined(_M_X64)
  const std::string architecture = "x86_64";
#elif defined(__wasm__)
  const std::string architecture = "wasm";
#else
  const std::string architecture = "unknown";
#endif
  return {EDGEKIT_VERSION, backend_target(), backend_version(), compiler, architecture};
}

}  // namespace edgekit
