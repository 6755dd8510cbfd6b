// Decodes photos from the command line, for tests:
//   decode_tool [--alpha] PHOTO OUT    OUT: "height width channels\n", then the pixels
#include <cstdio>
#include <string>
#include <vector>

#include "../artifact/file.h"
#include "picture.h"

int main(int count, char** values) {
  std::vector<std::string> words(values + 1, values + count);
  const bool alpha = !words.empty() && words[0] == "--alpha";
  if (alpha) words.erase(words.begin());
  if (words.size() != 2) {
    std::fputs("decode_tool [--alpha] PHOTO OUT\n", stderr);
    return 2;
  }
  std::string file;
  edgekit::Picture picture;
  std::string problem = edgekit::read_file(words[0], edgekit::kLargestPhotoFile, "image", &file);
  if (problem.empty()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
    problem = edgekit::decode(bytes, file.size(), alpha, &picture);
    if (!problem.empty()) problem = words[0] + " " + problem;
  }
  if (problem.empty()) {
    std::string out = std::to_string(picture.height) + " " + std::to_string(picture.width) + " " +
                      std::to_string(picture.channels) + "\n";
    out.append(reinterpret_cast<const char*>(picture.pixels.get()), picture.bytes());
    problem = edgekit::write_file(words[1], out);
  }
  if (problem.empty()) return 0;
  std::fprintf(stderr, "%s\n", problem.c_str());
  return 2;
}
