#include "picture.h"

#include "stb.h"
#include "structure.h"
#include "upright.h"

namespace edgekit {

std::string check_size(const Structure& structure) {
  const std::uint64_t width = structure.width, height = structure.height;
  if (width < 1 || height < 1) return "has no pixels";
  if (width > kLongestSide || height > kLongestSide) return "has more than 32768 pixels along one side";
  if (width * height > kMostPixels) return "has more than 89478485 pixels";
  return "";
}

std::string decode(const std::uint8_t* file, std::size_t size, bool alpha, Picture* picture) {
  Structure structure;
  std::string problem;
  if (is_jpeg(file, size)) {
    problem = read_jpeg_structure(file, size, &structure);
  } else if (is_png(file, size)) {
    problem = read_png_structure(file, size, &structure);
  } else {
    return "is no JPEG and no PNG file";
  }
  if (problem.empty()) problem = check_size(structure);
  if (!problem.empty()) return problem;
  const std::string& other = structure.rewritten;
  picture->channels = alpha && structure.transparent ? 4 : 3;
  const std::uint8_t* read = other.empty() ? file : reinterpret_cast<const std::uint8_t*>(other.data());
  picture->pixels.reset(stb_decode(read, other.empty() ? size : other.size(), picture->channels, structure.largest,
                                   &picture->width, &picture->height, &problem));
  if (!picture->pixels) return problem;
  if (static_cast<std::uint32_t>(picture->width) != structure.width ||
      static_cast<std::uint32_t>(picture->height) != structure.height) {
    return "is damaged: it has two sizes";
  }
  return turn_upright(structure.orientation, picture) ? "" : "needs more memory than there is";
}

}  // namespace edgekit
