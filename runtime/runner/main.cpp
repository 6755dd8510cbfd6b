// edgekit_runner: an artifact on this machine, from the command line. See kUsage, and docs/runtime.md.
#include <cstdio>
#include <string>
#include <vector>

#include "../artifact/file.h"
#include "../artifact/safetensors.h"
#include "../artifact/wording.h"
#include "../model/clock.h"
#include "../model/guard.h"
#include "../report/device_report.h"
#include "../report/machine.h"
#include "../report/report.h"
#include "arguments.h"

namespace edgekit {
namespace {

constexpr int kDone = 0, kFailed = 1, kRefused = 2;
constexpr std::size_t kLargestTensors = std::size_t{2} << 30;

std::string classify_photos(const Arguments& arguments, const Model& model, Report* report) {
  std::vector<double> runs;
  Report photos = report->list("photos");
  std::string file;
  for (const std::string& path : arguments.photos) {
    if (std::string problem = read_file(path, kLargestPhotoFile, "image", &file); !problem.empty()) return problem;
    const Classification answer = classify(model, Photo::file(file.data(), file.size()), arguments.top);
    if (!answer.error.empty()) return harmless(path) + ": " + answer.error;
    const Manifest& manifest = model.session()->manifest();
    if (manifest.outputs[0].kind == OutputKind::kFeatures) {
      return harmless(manifest.model) + " gives features, not classes: only classifiers name what they see";
    }
    Report entry = photos.entry();
    entry.text("photo", path);
    report_ranked("classes", answer.top, &entry);
    if (manifest.outputs[0].kind == OutputKind::kSigmoid) report_ranked("labels", answer.labels, &entry);
    entry.number("decode_ms", answer.decode_ms);
    entry.number("preprocess_ms", answer.preprocess_ms);
    entry.number("run_ms", answer.run_ms);
    runs.push_back(answer.run_ms);
  }
  if (runs.empty()) return "";
  report->number("first_run_ms", runs.front());
  if (!arguments.timed) {
    // The first call of a library does what later ones need not.
    if (runs.size() > 1) report_latency(latency_of({runs.begin() + 1, runs.end()}), report);
    return "";
  }
  Latency latency;
  std::vector<double> times;
  const auto call = [&]() -> std::string {
    const Classification answer = classify(model, Photo::file(file.data(), file.size()), arguments.top);
    return answer.error;
  };
  if (std::string problem = measure(call, arguments.timing, &latency);
      !problem.empty()) {
    return problem;
  }
  report_latency(latency, report);
  return "";
}

std::string run_classify(const Arguments& arguments, Report* report) {
  const Stopwatch loading;
  const Loaded loaded = load(arguments.artifact, arguments.options);
  if (!loaded.error.empty()) return loaded.error;
  report_model(*loaded.model.session(), report);
  report->number("load_ms", loading.ms());
  if (std::string problem = classify_photos(arguments, loaded.model, report); !problem.empty()) return problem;
  report_machine(report);
  return "";
}

std::string read_tensors(const Arguments& arguments, const Manifest& manifest, Tensor* input) {
  std::string content;
  if (std::string problem = read_file(arguments.tensors, kLargestTensors, "tensor file", &content); !problem.empty()) {
    return problem;
  }
  Safetensors found;
  if (const std::string problem = read_safetensors(content, &found); !problem.empty()) {
    return harmless(arguments.tensors) + " cannot be read: " + problem;
  }
  const auto at = found.tensors.find(manifest.input.name);
  if (at == found.tensors.end() || found.tensors.size() != 1) {
    std::string names;
    for (const auto& one : found.tensors) names += (names.empty() ? "" : ", ") + harmless(one.first, 60);
    return "the model's input is " + harmless(manifest.input.name, 60) + ", given " + (names.empty() ? "none" : names);
  }
  *input = std::move(at->second);
  return "";
}

std::string run_tensors(const Arguments& arguments, Report* report) {
  const Stopwatch loading;
  const Loaded loaded = load(arguments.artifact, arguments.options);
  if (!loaded.error.empty()) return loaded.error;
  Session& session = *loaded.model.session();
  report_model(session, report);
  report->number("load_ms", loading.ms());
  Tensor input;
  if (std::string problem = read_tensors(arguments, session.manifest(), &input); !problem.empty()) return problem;
  const std::vector<std::int64_t> sizes =
      arguments.batch.empty() ? std::vector<std::int64_t>{session.batch()} : arguments.batch;
  if (input.samples() < sizes[0]) return "the input holds " + std::to_string(input.samples()) + " samples, fewer than a call";
  const Tensor first = part_of(input, 0, sizes[0]);
  std::vector<Tensor> outputs;
  const Stopwatch running;
  if (std::string problem = session.run(first, &outputs); !problem.empty()) return problem;
  report->number("first_run_ms", running.ms());
  if (std::string problem = session.run_all(input, sizes, &outputs); !problem.empty()) return problem;
  std::vector<std::pair<std::string, Tensor>> named;
  for (std::size_t o = 0; o < outputs.size(); ++o) named.emplace_back(session.manifest().outputs[o].name, outputs[o]);
  if (std::string problem = write_file(arguments.outputs, write_safetensors(named)); !problem.empty()) return problem;
  report->text("outputs", arguments.outputs);
  report->integer("samples", input.samples());
  report->numbers("batch", sizes);
  if (arguments.timed) {
    Latency latency;
    const auto call = [&] { return session.run(first, &outputs); };
    if (std::string problem = measure(call, arguments.timing, &latency);
        !problem.empty()) {
      return problem;
    }
    report_latency(latency, report);
  } else {
    report->nothing("latency");
  }
  report_machine(report);
  return "";
}

std::string run_self_test(const Arguments& arguments, Report* report, bool* passed) {
  const SelfTest result = self_test(arguments.artifact, arguments.options, arguments.beside);
  if (!result.error.empty()) return result.error;
  *passed = result.passed;
  report->text("artifact", arguments.artifact);
  report_self_test(result, report);
  report_machine(report);
  return "";
}

// The device's report on one photo. The self-test is part of it; what it finds is the report's, not the status's.
std::string run_report(const Arguments& arguments, Report* report) {
  const SelfTest tested = self_test(arguments.artifact, arguments.options);
  const Loaded loaded = load(arguments.artifact, arguments.options);
  if (!loaded.error.empty()) return loaded.error;
  std::string file;
  const std::string& path = arguments.photos[0];
  if (std::string problem = read_file(path, kLargestPhotoFile, "image", &file); !problem.empty()) return problem;
  ReportOptions options;
  options.machine = system_facts();
  options.self_test = &tested;
  if (arguments.timed && arguments.timing.repeats) options.repeats = arguments.timing.repeats;
  const std::string problem =
      edgekit::report(loaded.model, Photo::file(file.data(), file.size()), arguments.report, options);
  if (!problem.empty()) return harmless(path) + ": " + problem;
  report_model(*loaded.model.session(), report);
  report->text("report", arguments.report);
  report->texts("files", report_files());
  report->truth("self_test_passed", tested.passed);
  report_machine(report);
  return "";
}

int run(const std::vector<std::string>& words) {
  Report report;
  Arguments arguments;
  bool passed = true;
  std::string problem;
  guarded(&problem, [&] {
    problem = read_arguments(words, &arguments);
    if (problem.empty() && !arguments.cores.empty()) problem = run_on(arguments.cores);
    if (!problem.empty()) return;
    switch (arguments.task) {
      case Task::kClassify: problem = run_classify(arguments, &report); break;
      case Task::kRun: problem = run_tensors(arguments, &report); break;
      case Task::kSelfTest: problem = run_self_test(arguments, &report, &passed); break;
      case Task::kReport: problem = run_report(arguments, &report); break;
      case Task::kVersion: report_version(&report); break;
      case Task::kHelp: break;
    }
  });
  if (problem.empty() && arguments.task == Task::kHelp) {
    std::fputs(kUsage, stdout);
    return kDone;
  }
  if (!problem.empty()) {
    report = Report();
    report.text("error", problem);
  }
  std::puts(report.json().c_str());
  if (std::fflush(stdout) != 0) return kRefused;
  return !problem.empty() ? kRefused : passed ? kDone : kFailed;
}

}  // namespace
}  // namespace edgekit

int main(int count, char** values) { return edgekit::run(std::vector<std::string>(values + 1, values + count)); }
