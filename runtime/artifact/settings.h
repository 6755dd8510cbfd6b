// Options of an inference library that a manifest holds because they were measured to be fastest.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>

namespace edgekit {

using Settings = std::map<std::string, std::variant<bool, std::int64_t, std::string>>;

// Takes settings by their names and types; what nobody took is not known here.
class SettingsReader {
 public:
  explicit SettingsReader(const Settings& settings) : settings_(settings) {}

  // The setting, or `usual` where the manifest has none.
  bool truth(const char* name, bool usual) { return take<bool>(name, usual); }
  std::int64_t integer(const char* name, std::int64_t usual) { return take<std::int64_t>(name, usual); }
  std::string text(const char* name, const std::string& usual) { return take<std::string>(name, usual); }

  // After all were taken: empty, or which setting `library` does not have.
  std::string problem(const char* library) const;

 private:
  template <typename Value>
  Value take(const char* name, Value usual) {
    const auto found = settings_.find(name);
    const Value* value = found == settings_.end() ? nullptr : std::get_if<Value>(&found->second);
    if (value) taken_.insert(name);
    return value ? *value : usual;
  }

  const Settings& settings_;
  std::set<std::string> taken_;
};

}  // namespace edgekit
