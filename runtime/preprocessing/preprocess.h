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

enum class CropFirst { kNone, kSquare, kSize };
enum class Resize { kShort, kStretch, kLetterbox, kNone };
enum class SizeRounding { kHalfEven, kFloor };
enum class ResizeBackend { kOpencv, kPillow };
enum class Interpolation { kNearest, kBilinear, kBicubic, kArea, kLanczos, kBox, kHamming };
enum class CropOrigin { kCentreFloor, kCentreRound, kTopLeft };
enum class PadPosition { kCentre, kTopLeft };
enum class ChannelOrder { kRgb, kBgr, kGray, kRgba, kBgra, kRgb0, kBgr0 };
enum class Normalisation { kStepByStep, kFused };

// In pixels.
struct Size {
  int height;
  int width;
};

// By channel, in the model's order; of fewer channels the first ones count.
using Values = std::array<double, 4>;

// The `preprocessing` of an artifact's manifest.json, under the same names. What the manifest has beyond these has only
// one possible value, and this code follows it: upright, NCHW, float32.
struct Preprocessing {
  CropFirst crop_first = CropFirst::kNone;
  Size crop_first_size = {0, 0};  // of CropFirst::kSize
  Resize resize = Resize::kShort;
  int resize_short = 256;     // of Resize::kShort: length of the shorter side after resizing
  Size resize_to = {0, 0};    // of Resize::kStretch
  SizeRounding size_rounding = SizeRounding::kHalfEven;
  ResizeBackend resize_backend = ResizeBackend::kOpencv;
  Interpolation interpolation = Interpolation::kBilinear;
  Size crop = {224, 224};     // the model's input
  CropOrigin crop_origin = CropOrigin::kCentreFloor;
  Values pad_value = {0, 0, 0, 0};  // of Resize::kLetterbox: levels, 0..255
  PadPosition pad_position = PadPosition::kCentre;
  ChannelOrder channel_order = ChannelOrder::kRgb;
  Values min_value = {0, 0, 0, 0};
  Values divide_by = {255, 255, 255, 255};
  Values mean = {0.485, 0.456, 0.406, 0};
  Values std = {0.229, 0.224, 0.225, 1};
  Normalisation normalisation = Normalisation::kStepByStep;
};

// How many channels the tensor has: 1, 3 or 4.
int channels_of(const Preprocessing& spec);

// 8-bit RGB, or RGBA with `channels` 4, row by row, upright (the caller has applied the EXIF orientation). `row_bytes`
// may exceed channels * width.
struct Image {
  const std::uint8_t* rgb = nullptr;
  int width = 0;
  int height = 0;
  std::size_t row_bytes = 0;
  int channels = 3;
};

enum class Status {
  kOk,
  kBadImage,          // no pixels, or more than 2^15 along one side
  kTooSmall,          // the photo is smaller than what is cut out of it
  kBadPreprocessing,  // a crop larger than the resized photo, a divisor of zero, OpenCV with an interpolation of Pillow's
  kOutOfMemory,
};

// What went wrong, for people.
const char* describe(Status status);

// Read "key = value" lines, named as in the manifest; lists as "0.485, 0.456, 0.406". Unknown keys and values are
// errors, since a misspelt key must not be a silent default. Returns an empty string, or what is wrong.
std::string read_preprocessing(const std::string& text, Preprocessing* spec);

// The input tensor of one photo: `tensor` receives channels * crop.height * crop.width floats, channel by channel.
Status preprocess(const Image& photo, const Preprocessing& spec, float* tensor);

// The first half of it, for a model with embedded preprocessing: `levels` receives crop.height * crop.width * channels
// bytes, in the model's channel order.
Status cropped_levels(const Image& photo, const Preprocessing& spec, std::uint8_t* levels);

// The second half: 8-bit [height, width, channels] to float32 [channels, height, width].
void normalise(const std::uint8_t* levels, const Preprocessing& spec, float* tensor);

}  // namespace edgekit
