#include "device_report.h"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#if defined(_WIN32)
#include <direct.h>
#endif

#include "../artifact/file.h"
#include "../artifact/safetensors.h"
#include "../artifact/wording.h"
#include "../decoding/png_writer.h"
#include "../model/one_photo.h"
#include "latency.h"
#include "machine.h"
#include "report.h"

namespace edgekit {
namespace {

constexpr int kTop = 5;
constexpr double kMostSeconds = 10;

const char* const kReport = "report.json";
const char* const kManifest = "manifest.json";
const char* const kFrame = "frame.png";
const char* const kTensors = "tensors.safetensors";
const char* const kOutputs = "outputs.safetensors";

std::string make_folder(const std::string& folder) {
#if defined(_WIN32)
  const int made = _mkdir(folder.c_str());
#else
  const int made = mkdir(folder.c_str(), 0777);
#endif
  if (made == 0 || errno == EEXIST) return "";
  return harmless(folder) + " cannot be made (" + std::strerror(errno) + ")";
}

// What a stranger's runtime measured, and on what.
std::string report_text(const Session& session, const OnePhoto& one, const Latency& latency,
                        const ReportOptions& options) {
  Report report;
  report.integer("schema_version", kReportSchema);
  report_version(&report);
  report.integer("threads", session.threads());
  report.text("precision", session.precision());
  report.texts("cpu_features", cpu_features());
  Report machine = report.table("machine");
  for (const auto& [name, value] : options.machine) machine.text(name, value);
  report.text("model", session.manifest().model);
  report.text("target", session.manifest().target);
  report.text("manifest_sha256", sha256_of(session.artifact().manifest_text));
  report.text("frame", kFrame);
  Report times = report.table("latency");
  times.number("decode_ms", one.decode_ms);
  times.number("preprocess_ms", one.preprocess_ms);
  times.number("first_run_ms", one.run_ms);
  report_times(latency, &times);
  // Values that are no numbers name nothing, and are the report's to show: they are in the outputs' file.
  Classification answer;
  const std::string problem = answer_of(one, session.manifest(), kTop, &answer);
  report_ranked("top", answer.top, &report);
  if (!problem.empty()) report.text("top_error", problem);
  if (!options.self_test) {
    report.nothing("self_test");
    return report.json();
  }
  Report tested = report.table("self_test");
  report_self_test(*options.self_test, &tested);
  if (!options.self_test->error.empty()) tested.text("error", options.self_test->error);
  return report.json();
}

}  // namespace

const std::vector<std::string>& report_files() {
  static const std::vector<std::string> names = {kManifest, kFrame, kTensors, kOutputs, kReport};
  return names;
}

std::string write_report(Session* session, const Photo& photo, const std::string& folder, const ReportOptions& options) {
  OnePhoto one;
  if (std::string problem = run_photo(session, photo, &one); !problem.empty()) return problem;
  std::vector<Tensor> again;
  Latency latency;
  const auto call = [&] { return run_sample(session, one.sample, &again); };
  if (std::string problem = measure(call, {0, options.repeats, kMostSeconds, 0, 0}, &latency); !problem.empty()) return problem;
  if (std::string problem = make_folder(folder); !problem.empty()) return problem;
  // An older report must not vouch for files that are being written.
  std::remove(join(folder, kReport).c_str());
  const Manifest& manifest = session->manifest();
  if (std::string problem = write_file(join(folder, kManifest), session->artifact().manifest_text); !problem.empty()) {
    return problem;
  }
  if (options.frame) {
    if (std::string problem = write_png(join(folder, kFrame), one.image); !problem.empty()) return problem;
  }
  std::string problem = write_file(join(folder, kTensors), write_safetensors({{manifest.input.name, one.sample}}));
  if (!problem.empty()) return problem;
  std::vector<std::pair<std::string, Tensor>> outputs;
  for (std::size_t i = 0; i < one.outputs.size(); ++i) {
    outputs.emplace_back(manifest.outputs[i].name, part_of(one.outputs[i], 0, 1));
  }
  problem = write_file(join(folder, kOutputs), write_safetensors(outputs));
  if (!problem.empty()) return problem;
  return write_file(join(folder, kReport), report_text(*session, one, latency, options));
}

}  // namespace edgekit
