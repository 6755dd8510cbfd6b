// A line of JSON.
#pragma once

#include <string>

// A text in quotation marks. What is no UTF-8 becomes U+FFFD.
std::string quoted(const std::string& text);

// A number with a point, whatever the locale; null for what is none.
std::string number(double value, int digits);
