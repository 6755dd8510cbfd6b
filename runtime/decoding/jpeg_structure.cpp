#include <algorithm>
#include <cstring>

#include "exif.h"
#include "structure.h"

namespace edgekit {
namespace {

constexpr std::size_t kMostScans = 500;  // each of a progressive file costs a pass over the picture

enum Marker : unsigned {
  kSof0 = 0xc0, kSof2 = 0xc2, kDht = 0xc4, kJpg = 0xc8, kDac = 0xcc, kRst0 = 0xd0, kRst7 = 0xd7, kSoi = 0xd8,
  kEoi = 0xd9, kSos = 0xda, kApp1 = 0xe1, kApp14 = 0xee, kTem = 0x01
};

bool starts(const std::uint8_t* data, std::size_t size, const char* with, std::size_t length) {
  return size >= length && std::memcmp(data, with, length) == 0;
}

// Where the next marker's second byte is, from `at` on, or `size`. In the data of a scan, restarts are no markers.
std::size_t next_marker(const std::uint8_t* file, std::size_t size, std::size_t at, bool scan) {
  while (at + 1 < size) {
    const auto* found = static_cast<const std::uint8_t*>(std::memchr(file + at, 0xff, size - at - 1));
    if (!found) return size;
    at = static_cast<std::size_t>(found - file) + 1;
    const unsigned code = file[at];
    if (code == 0 || code == 0xff || (scan && code >= kRst0 && code <= kRst7)) continue;
    return at;
  }
  return size;
}

std::string read_frame(const std::uint8_t* segment, std::size_t length, Structure* structure, int* components) {
  if (length < 6) return "is damaged: its frame is cut short";
  if (segment[0] != 8) return "has " + std::to_string(segment[0]) + " bits a value, where 8 can be read";
  structure->height = static_cast<std::uint32_t>(segment[1] << 8 | segment[2]);
  structure->width = static_cast<std::uint32_t>(segment[3] << 8 | segment[4]);
  *components = segment[5];
  return "";
}

}  // namespace

bool is_jpeg(const std::uint8_t* file, std::size_t size) { return starts(file, size, "\xff\xd8\xff", 3); }

std::string read_jpeg_structure(const std::uint8_t* file, std::size_t size, Structure* structure) {
  int exif = 0, xmp = 0, components = 0;
  std::size_t scans = 0;
  bool framed = false, adobe = false, scan = false;
  for (std::size_t at = 2;;) {
    at = next_marker(file, size, at, scan);
    if (at >= size) return "is cut short: its end is missing";
    const unsigned marker = file[at++];
    scan = false;
    if (marker == kEoi) break;
    if (marker == kSoi || marker == kTem || (marker >= kRst0 && marker <= kRst7)) continue;
    if (size - at < 2) return "is cut short: its end is missing";
    const std::size_t length = static_cast<std::size_t>(file[at] << 8 | file[at + 1]);
    if (length < 2 || length > size - at) return "is cut short, or damaged";
    const std::uint8_t* segment = file + at + 2;
    const std::size_t inside = length - 2;
    const bool frame = marker >= kSof0 && marker <= 0xcf && marker != kDht && marker != kJpg && marker != kDac;
    if (frame) {
      if (marker > kSof2) return "is a JPEG of a rare kind (lossless or arithmetic), which cannot be read";
      if (framed) return "is damaged: it has two frames";
      framed = true;
      if (std::string problem = read_frame(segment, inside, structure, &components); !problem.empty()) return problem;
    } else if (marker == kApp1 && starts(segment, inside, "Exif\0\0", 6)) {
      if (!exif) exif = exif_orientation(segment + 6, inside - 6);
    } else if (marker == kApp1 && starts(segment, inside, "http://ns.adobe.com/xap/1.0/\0", 29)) {
      if (!xmp) xmp = xmp_orientation(segment + 29, inside - 29);
    } else if (marker == kApp14 && starts(segment, inside, "Adobe", 5)) {
      adobe = true;
    } else if (marker == kSos) {
      if (!framed) return "is damaged: its data come before its frame";
      if (++scans > kMostScans) return "has more than 500 scans";
      scan = true;
    }
    at += length;
  }
  if (!framed || !scans) return "has no picture in it";
  if (components != 1 && components != 3 && components != 4) {
    return "has " + std::to_string(components) + " colour components, which mean nothing";
  }
  // Without Adobe's mark nobody knows whether the inks are inverted.
  if (components == 4 && !adobe) return "is in CMYK without Adobe's mark, and its inks cannot be told";
  structure->orientation = orientation_of(exif, xmp);
  // A component's coefficients have 16 bits, in blocks that may reach 32 pixels beyond each side.
  structure->largest = (static_cast<std::size_t>(structure->width) + 64) * (structure->height + 64) * 4 + (1 << 16);
  return "";
}

}  // namespace edgekit
