#include "json.h"

#include <cmath>
#include <cstdio>
#include <locale>
#include <sstream>

namespace {

// How many bytes the character at `at` has; 0 where it is no UTF-8 (RFC 3629).
std::size_t character(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at), second = byte(at + 1);
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool odd = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F);
    return !odd && follows(at + 1) && follows(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool odd = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return !odd && follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string line = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character(text, at);
    const unsigned char c = static_cast<unsigned char>(text[at]);
    if (bytes == 0) {
      line += "\\ufffd";
    } else if (bytes == 1 && (c < 0x20 || c == 0x7F)) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      line += escaped;
    } else {
      if (c == '"' || c == '\\') line += '\\';
      line.append(text, at, bytes);
    }
    at += bytes == 0 ? 1 : bytes;
  }
  return line + '"';
}

std::string number(double value, int digits) {
  if (!std::isfinite(value)) return "null";
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  stream.precision(digits);
  stream << value;
  return stream.str();
}
