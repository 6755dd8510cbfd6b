// A manifest from anybody: taken or refused, in one sentence.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../artifact/manifest.h"
#include "../artifact/wording.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  edgekit::Manifest manifest;
  const std::string problem = edgekit::read_manifest(std::string(reinterpret_cast<const char*>(data), size), &manifest);
  if (edgekit::harmless(problem, 4000) != problem) std::abort();  // one line, nothing that repaints a screen
  if (problem.empty() && (manifest.outputs.empty() || manifest.input.shape.size() != 4)) std::abort();
  return 0;
}
