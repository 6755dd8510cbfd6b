#include "edgekit/runtime.h"

#include "../report/device_report.h"
#include "../self_test/self_test.h"
#include "guard.h"
#include "one_photo.h"

namespace edgekit {
namespace {

std::string classify_photo(Session* session, const Photo& photo, int top, Classification* answer) {
  OnePhoto one;
  if (std::string problem = run_photo(session, photo, &one); !problem.empty()) return problem;
  return answer_of(one, session->manifest(), top, answer);
}

}  // namespace

Loaded load(const std::string& folder, const Options& options) {
  Loaded loaded;
  guarded(&loaded.error, [&] {
    std::shared_ptr<Session> session;
    loaded.error = Session::open(folder, options, &session);
    if (loaded.error.empty()) loaded.model = Model(std::move(session));
  });
  return loaded;
}

Classification classify(const Model& model, const Photo& photo, int top) {
  Classification answer;
  guarded(&answer.error, [&] {
    answer.error = model ? classify_photo(model.session(), photo, top, &answer) : "no model is loaded";
  });
  return answer;
}

SelfTest self_test(const std::string& folder, const Options& options, const std::string& beside) {
  SelfTest result;
  guarded(&result.error, [&] { result = run_self_test(folder, options, beside); });
  if (!result.error.empty()) result.passed = false;
  return result;
}

std::string report(const Model& model, const Photo& photo, const std::string& folder, const ReportOptions& options) {
  std::string error;
  guarded(&error, [&] {
    error = model ? write_report(model.session(), photo, folder, options) : "no model is loaded";
  });
  return error;
}

Version version() {
#if defined(__clang__)
  const std::string compiler = std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  const std::string compiler = std::string("gcc ") + __VERSION__;
#else
  const std::string compiler = "unknown";
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
  const std::string architecture = "aarch64";
#elif defined(__arm__)
  const std::string architecture = "armv7";
#elif defined(__x86_64__) || defined(_M_X64)
  const std::string architecture = "x86_64";
#elif defined(__wasm__)
  const std::string architecture = "wasm";
#else
  const std::string architecture = "unknown";
#endif
  return {EDGEKIT_VERSION, backend_target(), backend_version(), compiler, architecture};
}

}  // namespace edgekit
