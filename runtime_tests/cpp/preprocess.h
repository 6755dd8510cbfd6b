// From a photo to a model's input tensor, bit for bit as edgekit's Python reference does it
// (edgekit/inputs/preprocessing.py; docs/preprocessing.md has the formulas).
//
// Nothing here throws. The same photo and specification give the same bits on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace edgekit {

enum class ResizeBackend { kOpencv, kPillow };
enum class Interpolation { kBilinear, kBicubic };

// The `preprocessing` of an artifact's manifest.json, under the same names. What the manifest has beyond these has only
// one possible value, and this code follows it: RGB, NCHW, float32, half_even, centre_floor.
struct Preprocessing {
  int resize_short = 256;  // length of the shorter side after resizing, in pixels
  int crop = 224;          // side of the square cut from the centre, in pixels
  ResizeBackend resize_backend = ResizeBackend::kOpencv;
  Interpolation interpolation = Interpolation::kBilinear;
  double divide_by = 255.0;
  std::array<double, 3> mean = {0.485, 0.456, 0.406};
  std::array<double, 3> std = {0.229, 0.224, 0.225};
};

// 8-bit RGB, row by row, upright (the caller has applied the EXIF orientation). `row_bytes` may exceed 3 * width.
struct Image {
  const std::uint8_t* rgb = nullptr;
  int width = 0;
  int height = 0;
  std::size_t row_bytes = 0;
};

enum class Status {
  kOk,
  kBadImage,          // no pixels, or more than 2^15 along one side
  kBadPreprocessing,  // a crop larger than the resized photo, a divisor of zero, OpenCV with bicubic
  kOutOfMemory,
};

// What went wrong, for people.
const char* describe(Status status);

// Read "key = value" lines, named as in the manifest; lists as "0.485, 0.456, 0.406". Unknown keys and values are
// errors, since a misspelt key must not be a silent default. Returns an empty string, or what is wrong.
std::string read_preprocessing(const std::string& text, Preprocessing* spec);

// The input tensor of one photo: `tensor` receives 3 * crop * crop floats, channel by channel.
Status preprocess(const Image& photo, const Preprocessing& spec, float* tensor);

// The first half of it, for a model with embedded preprocessing: `levels` receives crop * crop * 3 bytes, RGB.
Status cropped_levels(const Image& photo, const Preprocessing& spec, std::uint8_t* levels);

// The second half: 8-bit RGB [crop, crop, 3] to float32 [3, crop, crop].
void normalise(const std::uint8_t* levels, const Preprocessing& spec, float* tensor);

}  // namespace edgekit
