// The words of the command line.
#pragma once

#include <string>
#include <vector>

struct Arguments {
  std::string artifact;
  std::string frames;                 // a folder; empty for a camera
  std::string device = "/dev/video0";
  int width = 640, height = 480;      // asked of the camera, which may give another size
  int top = 5;
  long count = 0;                     // frames; 0 until there are no more
  bool self_test = true;
};

extern const char* const kUsage;

// Returns an empty string or what is wrong.
std::string read_arguments(const std::vector<std::string>& words, Arguments* arguments);
