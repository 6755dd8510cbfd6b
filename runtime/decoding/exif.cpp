#include "exif.h"

#include <algorithm>
#include <cstring>

namespace edgekit {
namespace {

constexpr std::uint16_t kOrientationTag = 0x0112;
constexpr std::size_t kEntryBytes = 12;

// Numbers of a TIFF, in its order of bytes; 0 beyond its end.
struct Tiff {
  const std::uint8_t* data;
  std::size_t size;
  bool big;

  std::uint32_t number(std::size_t at, std::size_t bytes) const {
    if (at > size || bytes > size - at) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | data[at + (big ? i : bytes - 1 - i)];
    return value;
  }
};

}  // namespace

int exif_orientation(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  const bool big = data[0] == 'M' && data[1] == 'M';
  if (!big && !(data[0] == 'I' && data[1] == 'I')) return 0;
  const Tiff tiff = {data, size, big};
  if (tiff.number(2, 2) != 42) return 0;
  const std::size_t table = tiff.number(4, 4);
  const std::size_t entries = tiff.number(table, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = table + 2 + i * kEntryBytes;
    if (entry > size || kEntryBytes > size - entry) return 0;
    if (tiff.number(entry, 2) != kOrientationTag) continue;
    // SHORT or LONG, one value, which lies in the entry itself.
    const std::uint32_t type = tiff.number(entry + 2, 2);
    if ((type != 3 && type != 4) || tiff.number(entry + 4, 4) != 1) return 0;
    const std::uint32_t value = tiff.number(entry + 8, type == 3 ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 0;
}

int xmp_orientation(const std::uint8_t* data, std::size_t size) {
  static const char kName[] = "tiff:Orientation";
  const std::size_t length = sizeof(kName) - 1;
  const std::uint8_t* end = data + size;
  for (const std::uint8_t* at = data; (at = std::search(at, end, kName, kName + length)) != end; ++at) {
    const std::uint8_t* value = at + length;
    if (end - value >= 2 && value[0] == '>') {
      value += 1;
    } else if (end - value >= 3 && value[0] == '=' && value[1] == '"') {
      value += 2;
    } else {
      continue;
    }
    if (*value >= '0' && *value <= '9') return *value >= '1' && *value <= '8' ? *value - '0' : 1;
  }
  return 0;
}

int orientation_of(int exif, int xmp) { return exif ? exif : xmp ? xmp : 1; }

}  // namespace edgekit
