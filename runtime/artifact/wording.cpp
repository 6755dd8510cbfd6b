#include "wording.h"

namespace edgekit {
namespace {

constexpr std::size_t kLongestName = 200;

// The length of the UTF-8 sequence at `at`; 0 where it is none, or a control or direction character.
std::size_t visible(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const unsigned first = byte(at);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  unsigned long point = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(at + i) & 0x3f);
  }
  constexpr unsigned long kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return 0;
  const bool turns = (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
                     (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
  return point < 0xa0 || turns ? 0 : length;
}

}  // namespace

std::string harmless(const std::string& text, std::size_t longest) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = visible(text, at);
    if (shown.size() + (length ? length : 1) > longest) return shown + "...";
    if (length) {
      shown.append(text, at, length);
    } else {
      const char one = text[at];
      shown += one == '\t' || one == '\n' || one == '\r' ? ' ' : '?';
    }
    at += length ? length : 1;
  }
  return shown;
}

bool is_name(const std::string& text) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++characters) {
    const std::size_t length = visible(text, at);
    if (!length) return false;
    at += length;
  }
  return characters > 0 && characters <= kLongestName;
}

}  // namespace edgekit
