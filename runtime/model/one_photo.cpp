#include "one_photo.h"

#include <cmath>

#include "answers.h"
#include "clock.h"

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

}  // namespace

std::string run_sample(Session* session, const Tensor& sample, std::vector<Tensor>* outputs) {
  Tensor filled = sample;
  for (std::int64_t i = 1; i < session->batch(); ++i) {
    filled.bytes.insert(filled.bytes.end(), sample.bytes.begin(), sample.bytes.end());
  }
  filled.shape[0] = session->batch();
  return session->run(filled, outputs);
}

std::string run_photo(Session* session, const Photo& photo, OnePhoto* one) {
  const ChannelOrder order = session->manifest().preprocessing.channel_order;
  const bool alpha = order == ChannelOrder::kRgba || order == ChannelOrder::kBgra;
  const Stopwatch decoding;
  if (std::string problem = image_of(photo, alpha, &one->picture, &one->image); !problem.empty()) return problem;
  one->decode_ms = decoding.ms();
  const Stopwatch preparing;
  if (std::string problem = session->prepare(one->image, &one->sample); !problem.empty()) return problem;
  one->preprocess_ms = preparing.ms();
  const Stopwatch running;
  if (std::string problem = run_sample(session, one->sample, &one->outputs); !problem.empty()) return problem;
  one->run_ms = running.ms();
  return "";
}

std::string answer_of(const OnePhoto& one, const Manifest& manifest, int top, Classification* answer) {
  answer->decode_ms = one.decode_ms;
  answer->preprocess_ms = one.preprocess_ms;
  answer->run_ms = one.run_ms;
  const Tensor& first = one.outputs[0];
  const std::size_t count = first.count() / static_cast<std::size_t>(first.samples());
  answer->values.assign(first.floats(), first.floats() + count);
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

}  // namespace edgekit
