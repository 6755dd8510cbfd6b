// JSON from strangers: bounded before anything is made of it.
#pragma once

#include <memory>
#include <string>

#include "../third_party/yyjson/yyjson.h"

namespace edgekit {

struct FreeJson {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
  void operator()(yyjson_mut_doc* document) const { yyjson_mut_doc_free(document); }
};

using JsonDocument = std::unique_ptr<yyjson_doc, FreeJson>;
using JsonWriter = std::unique_ptr<yyjson_mut_doc, FreeJson>;

// Read strict JSON in UTF-8. Returns an empty string, or what is wrong: it is no JSON, is nested deeper than 40, holds
// more than a million values, a key twice in one table or a number that is not finite.
std::string read_json(const std::string& text, JsonDocument* document);

// Text of a value; empty where it is none.
std::string text_of(yyjson_val* value);

// The document as text.
std::string written(const JsonWriter& document, bool pretty = true);

}  // namespace edgekit
