#include "settings.h"

#include "wording.h"

namespace edgekit {
namespace {

// `threads` is for every library, and taken before one is asked.
constexpr const char* kThreads = "threads";

std::string shown(const Settings::mapped_type& value) {
  if (const bool* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return "'" + harmless(std::get<std::string>(value), 40) + "'";
}

}  // namespace

std::string SettingsReader::problem(const char* library) const {
  for (const auto& [name, value] : settings_) {
    if (name == kThreads || taken_.count(name)) continue;
    return std::string(library) + " has no setting " + harmless(name, 40) + " = " + shown(value) +
           ", which its manifest has";
  }
  return "";
}

}  // namespace edgekit
