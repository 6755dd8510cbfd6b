#include "manifest.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <locale>
#include <set>
#include <sstream>

#include "json.h"
#include "manifest_check.h"
#include "wording.h"

namespace edgekit {
namespace {

// What is read of one table, and the first thing that is wrong with it.
class Reader {
 public:
  Reader(yyjson_val* table, std::string place) : table_(table), place_(std::move(place)) {
    if (!yyjson_is_obj(table)) fail("", "is no table");
  }

  const std::string& problem() const { return problem_; }
  bool ok() const { return problem_.empty(); }

  void fail(const std::string& key, const std::string& what) {
    if (ok()) problem_ = "its " + place_ + (place_.empty() || key.empty() ? "" : ".") + key + " " + what;
  }

  // Null where it may be absent and is, or where something is wrong.
  yyjson_val* find(const char* key, bool needed) {
    yyjson_val* value = ok() ? yyjson_obj_get(table_, key) : nullptr;
    if (yyjson_is_null(value)) value = nullptr;
    if (!value && needed) fail(key, "is missing");
    return value;
  }

  void text(const char* key, std::string* value, bool needed = true) {
    yyjson_val* found = find(key, needed);
    if (found && !yyjson_is_str(found)) fail(key, "is no text");
    if (found) *value = text_of(found);
  }

  void integer(const char* key, std::int64_t* value, bool needed = true) {
    yyjson_val* found = find(key, needed);
    if (found && (!yyjson_is_int(found) || (yyjson_is_uint(found) && yyjson_get_uint(found) > INT64_MAX))) {
      fail(key, "is no integer of 64 bits");
    } else if (found) {
      *value = yyjson_get_sint(found);
    }
  }

  void number(const char* key, double* value) {
    yyjson_val* found = find(key, true);
    if (found && !yyjson_is_num(found)) fail(key, "is no number");
    if (found) *value = yyjson_get_num(found);
  }

  void truth(const char* key, bool* value) {
    yyjson_val* found = find(key, false);
    if (found && !yyjson_is_bool(found)) fail(key, "is neither true nor false");
    if (found) *value = yyjson_get_bool(found);
  }

  yyjson_val* list(const char* key, bool needed) {
    yyjson_val* found = find(key, needed);
    if (found && !yyjson_is_arr(found)) fail(key, "is no list");
    return ok() ? found : nullptr;
  }

  yyjson_val* table(const char* key, bool needed) {
    yyjson_val* found = find(key, needed);
    if (found && !yyjson_is_obj(found)) fail(key, "is no table");
    return ok() ? found : nullptr;
  }

 private:
  yyjson_val* table_;
  std::string place_;
  std::string problem_;
};

// A value as a specification's line has it; false for what no line can hold.
bool line_value(yyjson_val* value, std::string* text) {
  if (yyjson_is_str(value)) {
    const std::string found = text_of(value);
    if (found.find_first_of("\r\n,") != std::string::npos) return false;
    *text += found;
    return true;
  }
  if (!yyjson_is_num(value)) return false;
  // Never by the user's locale, whose point may be a comma.
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  stream.precision(17);
  stream << yyjson_get_num(value);
  *text += stream.str();
  return true;
}

// `preprocessing` as the lines that read_preprocessing takes: its rules are the only ones.
std::string specification_of(yyjson_val* table, std::string* lines) {
  std::size_t index, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(table, index, count, key, value) {
    const std::string name = text_of(key);
    const std::string problem = "its preprocessing." + harmless(name, 60) + " is not understood";
    if (name.find_first_of("\r\n=") != std::string::npos) return problem;
    if (yyjson_is_null(value)) continue;
    std::string line = name + " = ";
    if (yyjson_is_arr(value)) {
      std::size_t i, n;
      yyjson_val* one;
      yyjson_arr_foreach(value, i, n, one) {
        if (i) line += ", ";
        if (!line_value(one, &line)) return problem;
      }
    } else if (!line_value(value, &line)) {
      return problem;
    }
    *lines += line + "\n";
  }
  return "";
}

std::string read_kind(const std::string& word, OutputKind* kind) {
  for (const OutputKind one :
       {OutputKind::kLogits, OutputKind::kProbabilities, OutputKind::kSigmoid, OutputKind::kFeatures}) {
    if (word == name_of(one)) {
      *kind = one;
      return "";
    }
  }
  return "it has an output of the kind '" + harmless(word, 60) + "'";
}

std::string read_tensor(yyjson_val* entry, const std::string& place, bool input, TensorSpec* spec) {
  Reader reader(entry, place);
  std::string kind = "logits", dtype, layout;
  reader.text("name", &spec->name);
  reader.text("target_name", &spec->target_name);
  reader.text("dtype", &dtype);
  reader.text("kind", &kind, false);
  reader.text("layout", &layout, false);
  std::size_t index, count;
  yyjson_val* value;
  if (yyjson_val* shape = reader.list("shape", true)) {
    yyjson_arr_foreach(shape, index, count, value) {
      if (!yyjson_is_int(value) || index >= 8) reader.fail("shape", "is no shape");
      spec->shape.push_back(yyjson_get_sint(value));
    }
  }
  if (yyjson_val* thresholds = reader.list("thresholds", false)) {
    yyjson_arr_foreach(thresholds, index, count, value) {
      if (!yyjson_is_num(value)) reader.fail("thresholds", "are no numbers");
      spec->thresholds.push_back(yyjson_get_num(value));
    }
  }
  if (!reader.ok()) return reader.problem();
  if (!layout.empty() && layout != "NHWC") return "its tensor " + harmless(spec->name, 60) + " has a layout that is not known";
  spec->channels_last = !layout.empty();
  if (input != (kind == "image")) return input ? "it has not one input that is an image" : "it calls an output an image";
  return input ? "" : read_kind(kind, &spec->kind);
}

std::string read_tensors(Reader* reader, const char* key, bool input, std::vector<TensorSpec>* specs) {
  yyjson_val* list = reader->list(key, true);
  if (!list) return reader->problem();
  std::size_t index, count;
  yyjson_val* entry;
  yyjson_arr_foreach(list, index, count, entry) {
    specs->emplace_back();
    if (index >= 64) return std::string("it has too many ") + key;
    if (std::string problem = read_tensor(entry, key, input, &specs->back()); !problem.empty()) return problem;
  }
  return "";
}

std::string read_files(Reader* reader, const char* key, bool needed, std::map<std::string, FileRecord>* files) {
  yyjson_val* table = reader->table(key, needed);
  if (!table) return reader->problem();
  std::size_t index, count;
  yyjson_val *name, *entry;
  yyjson_obj_foreach(table, index, count, name, entry) {
    Reader one(entry, key);
    FileRecord record;
    std::int64_t bytes = -1;
    one.text("sha256", &record.sha256);
    one.integer("bytes", &bytes);
    one.text("role", &record.role);
    if (!one.ok()) return one.problem();
    if (bytes < 0) return "what it says of its file " + harmless(text_of(name), 60) + " is no hash and no size";
    record.bytes = static_cast<std::uint64_t>(bytes);
    (*files)[text_of(name)] = record;
  }
  return "";
}

std::string read_figures(yyjson_val* outputs, VerdictRecord* record) {
  if (!outputs) return "";
  std::size_t index, count;
  yyjson_val *name, *entry;
  yyjson_obj_foreach(outputs, index, count, name, entry) {
    Reader one(entry, "verdicts");
    VerdictFigures figures;
    one.number("max_threshold", &figures.max_threshold);
    if (yyjson_val* noise = one.table("noise", true)) {
      Reader inner(noise, "verdicts");
      inner.number("max_relative", &figures.noise);
      if (!inner.ok()) return inner.problem();
    }
    if (yyjson_val* ours = one.table("against_oracle", true)) {
      Reader inner(ours, "verdicts");
      inner.number("max_relative", &figures.measured);
      if (!inner.ok()) return inner.problem();
    }
    if (!one.ok()) return one.problem();
    record->outputs[text_of(name)] = figures;
  }
  return "";
}

std::string read_verdicts(Reader* reader, std::vector<VerdictRecord>* verdicts) {
  yyjson_val* list = reader->list("verdicts", false);
  if (!list) return reader->problem();
  std::size_t index, count;
  yyjson_val* entry;
  yyjson_arr_foreach(list, index, count, entry) {
    Reader outer(entry, "verdicts");
    VerdictRecord record;
    std::string machine;
    outer.text("variant", &record.variant);
    outer.text("machine", &machine, false);
    record.emulated = !machine.empty();
    yyjson_val* verdict = outer.table("verdict", true);
    if (!outer.ok()) return outer.problem();
    Reader inner(verdict, "verdicts");
    inner.text("status", &record.status);
    inner.text("precision", &record.precision);
    yyjson_val* outputs = inner.table("outputs", false);
    if (!inner.ok()) return inner.problem();
    if (std::string problem = read_figures(outputs, &record); !problem.empty()) return problem;
    verdicts->push_back(record);
  }
  return "";
}

std::string read_model(Reader* reader, Manifest* manifest) {
  yyjson_val* table = reader->table("model", true);
  if (!reader->ok()) return reader->problem();
  Reader model(table, "model");
  model.text("name", &manifest->model);
  model.integer("class_count", &manifest->class_count, false);
  yyjson_val* names = model.list("class_names", false);
  if (!model.ok() || !names) return model.problem();
  std::size_t index, count;
  yyjson_val* name;
  yyjson_arr_foreach(names, index, count, name) {
    if (!yyjson_is_str(name)) return "its model.class_names are no texts";
    manifest->class_names.push_back(text_of(name));
  }
  if (static_cast<std::int64_t>(manifest->class_names.size()) != manifest->class_count) {
    return "it names " + std::to_string(manifest->class_names.size()) + " classes and counts " +
           std::to_string(manifest->class_count);
  }
  return "";
}

std::string read_settings(Reader* reader, Settings* settings) {
  yyjson_val* table = reader->table("settings", false);
  if (!table) return reader->problem();
  std::size_t index, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(table, index, count, key, value) {
    const std::string name = text_of(key);
    if (index >= 64) return "it has too many settings";
    if (yyjson_is_bool(value)) {
      (*settings)[name] = yyjson_get_bool(value);
    } else if (yyjson_is_str(value)) {
      (*settings)[name] = text_of(value);
    } else if (yyjson_is_int(value) && !(yyjson_is_uint(value) && yyjson_get_uint(value) > INT64_MAX)) {
      (*settings)[name] = yyjson_get_sint(value);
    } else {
      return "its settings." + harmless(name, 60) + " is neither a truth value, nor an integer, nor a text";
    }
  }
  return "";
}

std::string read_head(Reader* reader, Manifest* manifest) {
  std::int64_t schema = 0;
  reader->integer("schema", &schema);
  reader->text("edgekit", &manifest->edgekit);
  if (!reader->ok()) return reader->problem();
  if (schema > kSchema) {
    return "it was written by edgekit " + harmless(manifest->edgekit, 60) +
           ", which is newer: build the runtime of that version";
  }
  if (schema < 1) return "its schema is " + std::to_string(schema);
  manifest->schema = static_cast<int>(schema);
  reader->text("target", &manifest->target);
  reader->text("precision", &manifest->precision);
  reader->truth("embedded_preprocessing", &manifest->embedded_preprocessing);
  yyjson_val* batch = reader->find("batch", true);
  if (yyjson_is_str(batch) && text_of(batch) == "dynamic") {
    manifest->batch = kDynamicBatch;
  } else {
    reader->integer("batch", &manifest->batch);
    if (manifest->batch < 1) reader->fail("batch", "is " + std::to_string(manifest->batch));
  }
  if (manifest->precision != "fp32" && manifest->precision != "fp16" && manifest->precision != "int8") {
    reader->fail("precision", "is none that there is");
  }
  return reader->problem();
}

}  // namespace

const char* name_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::kLogits: return "logits";
    case OutputKind::kProbabilities: return "probabilities";
    case OutputKind::kSigmoid: return "sigmoid";
    case OutputKind::kFeatures: return "features";
  }
  return "";
}

std::string read_manifest(const std::string& text, Manifest* manifest) {
  JsonDocument document;
  if (std::string problem = read_json(text, &document); !problem.empty()) return problem;
  yyjson_val* root = yyjson_doc_get_root(document.get());
  if (!yyjson_is_obj(root)) return "it is no table";
  Reader reader(root, "");
  if (std::string problem = read_head(&reader, manifest); !problem.empty()) return problem;
  if (std::string problem = read_model(&reader, manifest); !problem.empty()) return problem;
  std::string lines;
  yyjson_val* preprocessing = reader.table("preprocessing", true);
  if (!reader.ok()) return reader.problem();
  if (std::string problem = specification_of(preprocessing, &lines); !problem.empty()) return problem;
  if (const std::string problem = read_preprocessing(lines, &manifest->preprocessing); !problem.empty()) {
    return "its preprocessing is not understood (" + harmless(problem) + ")";
  }
  std::vector<TensorSpec> inputs;
  if (std::string problem = read_tensors(&reader, "inputs", true, &inputs); !problem.empty()) return problem;
  if (std::string problem = read_tensors(&reader, "outputs", false, &manifest->outputs); !problem.empty()) {
    return problem;
  }
  if (std::string problem = read_files(&reader, "files", true, &manifest->files); !problem.empty()) return problem;
  if (std::string problem = read_files(&reader, "golden", false, &manifest->golden); !problem.empty()) return problem;
  if (std::string problem = read_settings(&reader, &manifest->settings); !problem.empty()) return problem;
  if (std::string problem = read_verdicts(&reader, &manifest->verdicts); !problem.empty()) return problem;
  if (!reader.ok()) return reader.problem();
  if (inputs.size() != 1) return "it has not one input that is an image";
  manifest->input = inputs[0];
  return check_manifest(*manifest);
}

std::string file_of(const Manifest& manifest, const std::string& role) {
  for (const auto& [name, record] : manifest.files) {
    if (record.role == role) return name;
  }
  return "";
}

}  // namespace edgekit
