#include "json.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "wording.h"

namespace edgekit {
namespace {

constexpr int kDeepest = 40;
constexpr std::size_t kMostValues = 1000000;

// Before a reader sees it: brackets outside of strings.
bool too_deep(const std::string& text) {
  int depth = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char one = text[i];
    if (inside) {
      if (one == '\\') ++i;
      if (one == '"') inside = false;
    } else if (one == '"') {
      inside = true;
    } else if (one == '[' || one == '{') {
      if (++depth > kDeepest) return true;
    } else if (one == ']' || one == '}') {
      --depth;
    }
  }
  return false;
}

std::string check_keys(yyjson_val* table) {
  std::vector<std::string_view> keys;
  std::size_t index, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(table, index, count, key, value) keys.emplace_back(yyjson_get_str(key), yyjson_get_len(key));
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return "";
  return "it has the key '" + harmless(std::string(*twice), 60) + "' twice in one table";
}

// All values lie one after the other in memory: no recursion.
std::string check_values(yyjson_doc* document) {
  const std::size_t count = yyjson_doc_get_val_count(document);
  if (count > kMostValues) return "it holds more than 1000000 values";
  yyjson_val* values = yyjson_doc_get_root(document);
  for (std::size_t i = 0; i < count; ++i) {
    if (yyjson_is_obj(values + i)) {
      if (std::string problem = check_keys(values + i); !problem.empty()) return problem;
    }
    if (yyjson_is_real(values + i) && !std::isfinite(yyjson_get_real(values + i))) {
      return "it holds a number that is infinite or none (NaN)";
    }
  }
  return "";
}

}  // namespace

std::string read_json(const std::string& text, JsonDocument* document) {
  if (too_deep(text)) return "its values lie more than 40 deep";
  const bool marked = text.compare(0, 3, "\xef\xbb\xbf") == 0;
  yyjson_read_err error;
  // The reader does not write to the text unless it is told to read in place.
  char* start = const_cast<char*>(text.data()) + (marked ? 3 : 0);
  document->reset(yyjson_read_opts(start, text.size() - (marked ? 3 : 0), YYJSON_READ_NOFLAG, nullptr, &error));
  if (!*document) {
    return "it is not JSON: " + harmless(error.msg ? error.msg : "") + " at byte " + std::to_string(error.pos);
  }
  return check_values(document->get());
}

std::string text_of(yyjson_val* value) {
  return yyjson_is_str(value) ? std::string(yyjson_get_str(value), yyjson_get_len(value)) : std::string();
}

std::string written(const JsonWriter& document, bool pretty) {
  std::size_t length = 0;
  const yyjson_write_flag flags = (pretty ? YYJSON_WRITE_PRETTY_TWO_SPACES : YYJSON_WRITE_NOFLAG) |
                                  YYJSON_WRITE_INF_AND_NAN_AS_NULL | YYJSON_WRITE_ALLOW_INVALID_UNICODE;
  char* text = yyjson_mut_write(document.get(), flags, &length);
  if (!text) return "";
  std::string copy(text, length);
  std::free(text);
  return copy;
}

}  // namespace edgekit
