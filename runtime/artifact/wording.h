// Text from a stranger, made fit for a message.
#pragma once

#include <string>

namespace edgekit {

// `text` on one line of valid UTF-8, at most `longest` bytes: control characters and broken bytes become "?".
std::string harmless(const std::string& text, std::size_t longest = 200);

// Whether a text is a name: not empty, of one line, of at most 200 characters, with nothing in it that cannot be seen.
bool is_name(const std::string& text);

}  // namespace edgekit
