#include "edgekit/runtime_c.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "../report/report.h"
#include "edgekit/runtime.h"
#include "guard.h"
#include "session.h"

struct edgekit_model {
  edgekit::Model model;
};

namespace {

void tell(const std::string& sentence, char* error, std::size_t size) {
  if (!error || size == 0) return;
  const std::size_t kept = std::min(sentence.size(), size - 1);
  std::memcpy(error, sentence.data(), kept);
  error[kept] = '\0';
}

// Run `work`, which returns a sentence or nothing, and tell it.
template <typename Work>
bool done(char* error, std::size_t size, const Work& work) {
  std::string sentence;
  edgekit::guarded(&sentence, [&] { sentence = work(); });
  tell(sentence, error, size);
  return sentence.empty();
}

edgekit::Options options_of(int threads, const char* precision) {
  edgekit::Options options;
  options.threads = threads;
  if (precision) options.precision = precision;
  return options;
}

int classify(edgekit_model* model, const edgekit::Photo& photo, edgekit_ranked* classes, int top, char* error,
             std::size_t size) {
  int found = -1;
  done(error, size, [&]() -> std::string {
    if (!model || !classes || top < 1) return "no model, or no place for classes, is given";
    const edgekit::Classification answer = edgekit::classify(model->model, photo, top);
    if (!answer.error.empty()) return answer.error;
    // Names last as long as the model: they are its manifest's.
    const auto& names = model->model.session()->manifest().class_names;
    for (std::size_t i = 0; i < answer.top.size(); ++i) {
      const std::size_t index = static_cast<std::size_t>(answer.top[i].index);
      classes[i] = {answer.top[i].index, answer.top[i].probability, index < names.size() ? names[index].c_str() : ""};
    }
    found = static_cast<int>(answer.top.size());
    return "";
  });
  return found;
}

int report(edgekit_model* model, const edgekit::Photo& photo, const char* folder, const char* const* machine, int flags,
           char* error, std::size_t size) {
  return done(error, size, [&]() -> std::string {
    if (!model || !folder) return "no model, or no folder for the report, is given";
    edgekit::ReportOptions options;
    for (; machine && machine[0] && machine[1]; machine += 2) options.machine.emplace_back(machine[0], machine[1]);
    options.frame = !(flags & EDGEKIT_REPORT_NO_FRAME);
    edgekit::SelfTest tested;
    if (flags & EDGEKIT_REPORT_SELF_TEST) {
      const edgekit::Session& session = *model->model.session();
      tested = edgekit::self_test(session.artifact().folder, options_of(session.threads(), session.precision().c_str()));
      options.self_test = &tested;
    }
    return edgekit::report(model->model, photo, folder, options);
  }) ? 1 : -1;
}

// The document that `work` fills, or the sentence that it returns, as a text that C frees.
template <typename Work>
char* document(const Work& work) {
  std::string text;
  std::string sentence;
  edgekit::guarded(&sentence, [&] {
    edgekit::Report report;
    sentence = work(&report);
    if (sentence.empty()) text = report.json();
  });
  std::string problem;
  if (!sentence.empty()) {
    edgekit::guarded(&problem, [&] {
      edgekit::Report report;
      report.text("error", sentence);
      text = report.json();
    });
  }
  if (!problem.empty()) return nullptr;
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

}  // namespace

edgekit_model* edgekit_load(const char* folder, int threads, const char* precision, char* error, size_t size) {
  edgekit_model* model = nullptr;
  done(error, size, [&]() -> std::string {
    if (!folder) return "no artifact is named";
    edgekit::Loaded loaded = edgekit::load(folder, options_of(threads, precision));
    if (loaded.error.empty()) model = new edgekit_model{loaded.model};
    return loaded.error;
  });
  return model;
}

void edgekit_free(edgekit_model* model) { delete model; }

int edgekit_classify_file(edgekit_model* model, const uint8_t* bytes, size_t length, edgekit_ranked* classes, int top,
                          char* error, size_t size) {
  if (length == 0) bytes = nullptr;
  return classify(model, edgekit::Photo::file(bytes, length), classes, top, error, size);
}

int edgekit_classify_pixels(edgekit_model* model, const uint8_t* pixels, int width, int height, int channels,
                            size_t row_bytes, edgekit_ranked* classes, int top, char* error, size_t size) {
  return classify(model, edgekit::Photo::pixels(pixels, width, height, channels, row_bytes), classes, top, error, size);
}

int edgekit_self_test(const char* folder, int threads, const char* precision, char* error, size_t size) {
  int passed = -1;
  done(error, size, [&]() -> std::string {
    if (!folder) return "no artifact is named";
    const edgekit::SelfTest result = edgekit::self_test(folder, options_of(threads, precision));
    if (!result.error.empty()) return result.error;
    passed = result.passed ? 1 : 0;
    for (const edgekit::Stage& stage : result.stages) {
      if (stage.status == "failed") return stage.name + " failed: " + stage.detail;
    }
    return result.passed ? "" : "no output was compared";
  });
  return passed;
}

int edgekit_report(edgekit_model* model, const uint8_t* bytes, size_t length, const char* folder,
                   const char* const* machine, int flags, char* error, size_t size) {
  if (length == 0) bytes = nullptr;
  return report(model, edgekit::Photo::file(bytes, length), folder, machine, flags, error, size);
}

int edgekit_report_pixels(edgekit_model* model, const uint8_t* pixels, int width, int height, int channels,
                          size_t row_bytes, const char* folder, const char* const* machine, int flags, char* error,
                          size_t size) {
  const edgekit::Photo photo = edgekit::Photo::pixels(pixels, width, height, channels, row_bytes);
  return report(model, photo, folder, machine, flags, error, size);
}

char* edgekit_classify_json(edgekit_model* model, const uint8_t* bytes, size_t length, int top) {
  if (length == 0) bytes = nullptr;
  return document([&](edgekit::Report* report) -> std::string {
    if (!model || top < 1) return "no model, or no number of classes, is given";
    const edgekit::Classification answer = edgekit::classify(model->model, edgekit::Photo::file(bytes, length), top);
    if (!answer.error.empty()) return answer.error;
    edgekit::report_ranked("classes", answer.top, report);
    edgekit::report_ranked("labels", answer.labels, report);
    report->number("decode_ms", answer.decode_ms);
    report->number("preprocess_ms", answer.preprocess_ms);
    report->number("run_ms", answer.run_ms);
    return "";
  });
}

char* edgekit_self_test_json(const char* folder, int threads, const char* precision) {
  return document([&](edgekit::Report* report) -> std::string {
    if (!folder) return "no artifact is named";
    const edgekit::SelfTest result = edgekit::self_test(folder, options_of(threads, precision));
    if (result.error.empty()) edgekit::report_self_test(result, report);
    return result.error;
  });
}

void edgekit_free_text(char* text) { std::free(text); }

const char* edgekit_version(void) {
  static const std::string text = [] {
    const edgekit::Version found = edgekit::version();
    return "edgekit " + found.edgekit + ", " + found.backend + " " + found.backend_version + ", " + found.architecture;
  }();
  return text.c_str();
}
