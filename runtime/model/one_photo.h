// One photo on its way through a model: pixels, tensor, outputs, answer.
#pragma once

#include <string>
#include <vector>

#include "session.h"

namespace edgekit {

// What a photo became. `image` points into `picture`, or to the caller's pixels.
struct OnePhoto {
  Picture picture;
  Image image;
  Tensor sample;                // [1, ...] as the model takes it
  std::vector<Tensor> outputs;  // the manifest's, in its order: [batch, ...], of which the first sample counts
  double decode_ms = 0, preprocess_ms = 0, run_ms = 0;
};

// Decode, prepare and run. A call of a fixed batch is filled up with the same photo. Returns an empty string, or what is
// wrong.
std::string run_photo(Session* session, const Photo& photo, OnePhoto* one);

// One call with a sample, [1, ...], filled up to the model's batch.
std::string run_sample(Session* session, const Tensor& sample, std::vector<Tensor>* outputs);

// What the outputs say: the first output's values, the `top` likeliest classes, and labels. Returns an empty string, or
// what is wrong.
std::string answer_of(const OnePhoto& one, const Manifest& manifest, int top, Classification* answer);

}  // namespace edgekit
