#include <algorithm>
#include <cstring>

#include "exif.h"
#include "png_checksum.h"
#include "structure.h"

namespace edgekit {
namespace {

constexpr std::size_t kSignature = 8;
constexpr std::size_t kHead = 13;
constexpr std::size_t kAround = 12;  // a chunk's length, type and checksum
constexpr unsigned kPalette = 3;

std::uint32_t number(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

struct Head {
  unsigned depth, colour;
  unsigned channels() const { return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1; }
};

std::string read_head(const std::uint8_t* data, Structure* structure, Head* head) {
  structure->width = number(data);
  structure->height = number(data + 4);
  *head = {data[8], data[9]};
  const unsigned depth = head->depth, colour = head->colour;
  const bool power = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
  const bool known = colour == 0 || colour == 2 || colour == 3 || colour == 4 || colour == 6;
  const bool fits = colour == 0 || depth == 8 || (colour == kPalette ? depth < 8 : depth == 16);
  if (!power || !known || !fits || data[10] || data[11] || data[12] > 1) return "is damaged: its head is impossible";
  structure->transparent = colour == 4 || colour == 6;
  return "";
}

// An iTXt chunk: keyword, 0, compressed, method, language, 0, translated keyword, 0, text.
int xmp_in(const std::uint8_t* data, std::size_t size) {
  static const char kKeyword[] = "XML:com.adobe.xmp";
  if (size < sizeof(kKeyword) + 2 || std::memcmp(data, kKeyword, sizeof(kKeyword)) != 0) return 0;
  return data[sizeof(kKeyword)] == 0 ? xmp_orientation(data, size) : 0;
}

// The same file with a palette of as many colours as its pixels can name: those beyond are those of a grey ramp, as
// Pillow has them, and not whatever lay in memory.
std::string with_whole_palette(const std::uint8_t* file, std::size_t size, std::size_t chunk, unsigned depth) {
  const std::size_t length = number(file + chunk), wanted = std::size_t{3} << depth;
  if (length >= wanted) return "";
  const char* start = reinterpret_cast<const char*>(file);
  std::string whole(start, chunk);
  for (int shift = 24; shift >= 0; shift -= 8) whole += static_cast<char>(wanted >> shift & 255);
  whole.append(start + chunk + 4, 4 + length);
  for (std::size_t i = length / 3; i < wanted / 3; ++i) whole.append(3, static_cast<char>(i));
  // Its checksum, which the decoder does not look at, and the rest.
  whole.append(start + chunk + 8 + length, size - chunk - 8 - length);
  return whole;
}

}  // namespace

bool is_png(const std::uint8_t* file, std::size_t size) {
  return size >= kSignature && std::memcmp(file, "\x89PNG\r\n\x1a\n", kSignature) == 0;
}

std::string read_png_structure(const std::uint8_t* file, std::size_t size, Structure* structure) {
  Head head = {0, 0};
  int exif = 0, xmp = 0;
  bool data = false, ended = false;
  std::size_t palette = 0;
  for (std::size_t at = kSignature; !ended;) {
    if (size - at < kAround) return "is cut short: its end is missing";
    const std::size_t length = number(file + at);
    if (length > size - at - kAround) return "is cut short, or damaged";
    const std::uint8_t *type = file + at + 4, *inside = file + at + 8;
#if !defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
    if (png_checksum(type, length + 4) != number(inside + length)) return "is damaged: a checksum is wrong";
#endif
    const auto is = [type](const char* name) { return std::memcmp(type, name, 4) == 0; };
    if ((at == kSignature) != is("IHDR") || (is("IHDR") && length != kHead)) return "is damaged: its head is impossible";
    if (is("IHDR")) {
      if (std::string problem = read_head(inside, structure, &head); !problem.empty()) return problem;
    } else if (is("PLTE")) {
      if (palette || length % 3 || length > 768) return "is damaged: its palette is impossible";
      palette = at;
    } else if (is("tRNS")) {
      structure->transparent = true;
    } else if (is("eXIf")) {
      exif = exif_orientation(inside, length);
    } else if (is("iTXt") && !xmp) {
      xmp = xmp_in(inside, length);
    } else if (is("IDAT")) {
      data = true;
    }
    ended = is("IEND");
    at += kAround + length;
  }
  if (!data) return "has no picture in it";
  if (head.colour == kPalette) {
    if (!palette) return "is damaged: its palette is missing";
    structure->rewritten = with_whole_palette(file, size, palette, head.depth);
  }
  // 16-bit grey has no transparent colour that counts: it is read as its upper 8 bits.
  if (head.colour == 0 && head.depth == 16) structure->transparent = false;
  structure->orientation = orientation_of(exif, xmp);
  const std::size_t pixels = static_cast<std::size_t>(structure->width) * structure->height;
  const std::size_t raw = pixels * head.channels() * (head.depth == 16 ? 2 : 1) + structure->height * std::size_t{8};
  structure->largest = std::max({2 * raw, 8 * pixels, 2 * size}) + (1 << 16);
  return "";
}

}  // namespace edgekit
