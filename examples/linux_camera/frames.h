// Where frames come from: a camera, or a folder of photos.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Frame {
  std::string name;                 // a file's, or the frame's number
  std::vector<std::uint8_t> bytes;  // of a JPEG or PNG file, or of pixels
  int width = 0, height = 0;        // of pixels, 8-bit RGB; 0 for a file
};

class Frames {
 public:
  virtual ~Frames() = default;

  // The next frame. Returns an empty string or what is wrong; `*ended` says that there is none any more.
  virtual std::string next(Frame* frame, bool* ended) = 0;

  // What is wrong with one frame ends a camera's run, and not a folder's.
  virtual bool goes_on() const = 0;
};
