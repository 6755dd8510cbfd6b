// name_a_photo ARTIFACT PHOTO: what is on a photo, in twenty lines to copy.
#include <edgekit/runtime.h>

#include <cstdio>
#include <fstream>
#include <iterator>

int main(int count, char** words) {
  if (count != 3) return std::fprintf(stderr, "usage: name_a_photo ARTIFACT PHOTO\n"), 2;
  const edgekit::Loaded loaded = edgekit::load(words[1]);
  if (!loaded.error.empty()) return std::fprintf(stderr, "%s\n", loaded.error.c_str()), 2;

  std::ifstream stream(words[2], std::ios::binary);
  if (!stream) return std::fprintf(stderr, "%s cannot be read\n", words[2]), 2;
  const std::string file{std::istreambuf_iterator<char>(stream), {}};

  const edgekit::Classification answer = edgekit::classify(loaded.model, edgekit::Photo::file(file.data(), file.size()));
  if (!answer.error.empty()) return std::fprintf(stderr, "%s: %s\n", words[2], answer.error.c_str()), 2;
  for (const edgekit::Ranked& one : answer.top) std::printf("%6.2f %%  %s\n", 100 * one.probability, one.name.c_str());
}
