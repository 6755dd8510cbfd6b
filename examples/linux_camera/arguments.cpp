#include "arguments.h"

#include <cstdlib>

const char* const kUsage =
    "linux_camera ARTIFACT [--frames DIR | --device /dev/videoN] [--size WxH] [--top K] [--count N] [--no-self-test]\n"
    "Names what a camera sees, or the photos of a folder: a line of JSON a frame.\n";

namespace {

bool read_number(const std::string& word, long most, long* value) {
  if (word.empty() || word.size() > 9 || word.find_first_not_of("0123456789") != std::string::npos) return false;
  *value = std::atol(word.c_str());
  return *value >= 1 && *value <= most;
}

bool read_size(const std::string& word, Arguments* arguments) {
  const std::size_t cross = word.find('x');
  long width = 0, height = 0;
  if (cross == std::string::npos || !read_number(word.substr(0, cross), 8192, &width) ||
      !read_number(word.substr(cross + 1), 8192, &height)) {
    return false;
  }
  arguments->width = static_cast<int>(width);
  arguments->height = static_cast<int>(height);
  return true;
}

bool take(const std::string& flag, const std::string& value, Arguments* arguments) {
  long number = 0;
  if (flag == "--frames" || flag == "--device") {
    (flag == "--frames" ? arguments->frames : arguments->device) = value;
    return !value.empty();
  }
  if (flag == "--size") return read_size(value, arguments);
  if (flag == "--top" && read_number(value, 1000, &number)) return arguments->top = static_cast<int>(number), true;
  return flag == "--count" && read_number(value, 999999999, &arguments->count);
}

}  // namespace

std::string read_arguments(const std::vector<std::string>& words, Arguments* arguments) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--no-self-test") {
      arguments->self_test = false;
    } else if (words[i].rfind("--", 0) == 0) {
      if (i + 1 == words.size()) return words[i] + " needs a value";
      if (!take(words[i], words[i + 1], arguments)) return words[i] + " " + words[i + 1] + " means nothing";
      ++i;
    } else if (arguments->artifact.empty()) {
      arguments->artifact = words[i];
    } else {
      return "one artifact is named, not two: " + words[i];
    }
  }
  return arguments->artifact.empty() ? "no artifact is named" : "";
}
