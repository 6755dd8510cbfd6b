// A photo from anybody: pixels or a sentence, in bounded memory; every pixel is defined and the size is the said one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "../decoding/picture.h"
#include "../decoding/structure.h"

namespace {
constexpr std::uint64_t kMostPixelsHere = 1 << 22;  // speed alone: larger pictures take the same way
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  edgekit::Structure structure;
  const bool jpeg = edgekit::is_jpeg(data, size);
  if (!jpeg && !edgekit::is_png(data, size)) return 0;
  const std::string wrong = jpeg ? edgekit::read_jpeg_structure(data, size, &structure)
                                 : edgekit::read_png_structure(data, size, &structure);
  if (std::uint64_t{structure.width} * structure.height > kMostPixelsHere) return 0;
  for (const bool alpha : {false, true}) {
    edgekit::Picture picture;
    const std::string problem = edgekit::decode(data, size, alpha, &picture);
    if (!wrong.empty() && problem.empty()) std::abort();
    if (!problem.empty()) continue;
    volatile unsigned sum = 0;
    for (std::size_t i = 0; i < picture.bytes(); ++i) sum = sum + picture.pixels.get()[i];
  }
  return 0;
}
