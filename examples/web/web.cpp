// The runtime for a page: the functions of runtime.h, as JavaScript calls them. Files lie in Emscripten's own file system.
#include <edgekit/runtime.h>
#include <emscripten/bind.h>

#include <string>

using emscripten::val;

namespace {

edgekit::Model model;

val ranked(const std::vector<edgekit::Ranked>& classes) {
  val list = val::array();
  for (const edgekit::Ranked& one : classes) {
    val entry = val::object();
    entry.set("index", one.index);
    entry.set("name", one.name);
    entry.set("probability", one.probability);
    list.call<void>("push", entry);
  }
  return list;
}

// The sentence of what is wrong, empty where the artifact in `folder` is loaded.
std::string load(const std::string& folder) {
  edgekit::Loaded loaded = edgekit::load(folder);
  model = loaded.model;
  return loaded.error;
}

// What is on a photo: `file` holds the bytes of a JPEG or PNG.
val classify(const std::string& file, int top) {
  const edgekit::Classification answer = edgekit::classify(model, edgekit::Photo::file(file.data(), file.size()), top);
  val found = val::object();
  found.set("error", answer.error);
  found.set("top", ranked(answer.top));
  found.set("labels", ranked(answer.labels));
  val values = val::array();
  for (const float value : answer.values) values.call<void>("push", value);
  found.set("values", values);
  found.set("decodeMs", answer.decode_ms);
  found.set("prepareMs", answer.preprocess_ms);
  found.set("runMs", answer.run_ms);
  return found;
}

val self_test(const std::string& folder) {
  const edgekit::SelfTest result = edgekit::self_test(folder);
  val stages = val::array();
  for (const edgekit::Stage& stage : result.stages) {
    val entry = val::object();
    entry.set("name", stage.name);
    entry.set("status", stage.status);
    entry.set("figure", stage.figure);
    entry.set("limit", stage.limit);
    entry.set("detail", stage.detail);
    stages.call<void>("push", entry);
  }
  val found = val::object();
  found.set("error", result.error);
  found.set("passed", result.passed);
  found.set("stages", stages);
  return found;
}

std::string version() {
  const edgekit::Version found = edgekit::version();
  return "edgekit " + found.edgekit + ", " + found.backend + " " + found.backend_version;
}

}  // namespace

EMSCRIPTEN_BINDINGS(edgekit_web) {
  emscripten::function("load", &load);
  emscripten::function("classify", &classify);
  emscripten::function("selfTest", &self_test);
  emscripten::function("version", &version);
}
