// The five functions where something is wrong: a sentence, never an exception, never an answer.
#include <edgekit/runtime.h>

#include <vector>

#include "check.h"

int main() {
  using namespace edgekit;
  const Loaded loaded = load("/nowhere");
  CHECK(!loaded.model && loaded.error == "/nowhere is not an artifact: it has no manifest.json");
  CHECK(classify(loaded.model, Photo::file("x", 1)).error == "no model is loaded");
  CHECK(!self_test("/nowhere").passed && !self_test("/nowhere").error.empty());
  CHECK(report(loaded.model, Photo::file("x", 1), "report") == "no model is loaded");
  CHECK(!version().edgekit.empty() && !version().backend.empty());
  return failures() ? 1 : 0;
}
