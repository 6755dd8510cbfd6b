#include "self_test.h"

#include <algorithm>

#include "../artifact/wording.h"
#include "stages.h"

namespace edgekit {
namespace {

// The verdict on the very thing that runs here: passed, of this precision and variant, not of an emulated machine where
// there is another.
const VerdictRecord* verdict_of(const Session& session) {
  const VerdictRecord* found = nullptr;
  for (const VerdictRecord& one : session.manifest().verdicts) {
    if (one.status != "passed" || one.precision != session.precision() || one.variant != backend_variant()) continue;
    if (!found || (found->emulated && !one.emulated)) found = &one;
  }
  return found;
}

// Of what was inspected where it was verified, and could not be run there: the verdict on its twin for another processor.
const VerdictRecord* twin_verdict(const Session& session) {
  bool inspected = false;
  const VerdictRecord* found = nullptr;
  for (const VerdictRecord& one : session.manifest().verdicts) {
    if (one.precision != session.precision()) continue;
    inspected = inspected || (one.variant == backend_variant() && one.status == "not run");
    if (one.variant != backend_variant() && one.status == "passed") found = &one;
  }
  return inspected ? found : nullptr;
}

Tensor reversed(const Tensor& input) {
  Tensor turned = input;
  const std::size_t stride = input.stride();
  const std::size_t count = static_cast<std::size_t>(input.samples());
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(input.bytes.data() + i * stride, stride, turned.bytes.data() + (count - 1 - i) * stride);
  }
  return turned;
}

// What another model does in between: its own samples, or these the other way round.
std::string disturb(const std::string& folder, const Options& options, bool same, const Tensor& input,
                    std::shared_ptr<Session>* other) {
  if (std::string problem = Session::open(folder, options, other); !problem.empty()) return problem;
  std::vector<Tensor> outputs;
  if (same) return (*other)->run_all(reversed(input), {(*other)->batch()}, &outputs);
  Golden golden;
  if (std::string problem = read_golden((*other)->artifact(), &golden); !problem.empty()) return problem;
  return (*other)->run_all(golden.input, {(*other)->batch()}, &outputs);
}

// Run twice; load another model and run it; load this one again.
std::string test_state(std::shared_ptr<Session>* session, const Options& options, const std::string& beside,
                       const Golden& golden, const std::vector<Tensor>& first, std::vector<Stage>* stages) {
  const std::string folder = (*session)->artifact().folder;
  const std::vector<std::int64_t> sizes = {(*session)->batch()};
  std::vector<Tensor> again;
  if (std::string problem = (*session)->run_all(golden.input, sizes, &again); !problem.empty()) return problem;
  stages->push_back(equal_stage("run twice", again, first, "to those of the first run"));
  std::shared_ptr<Session> other;
  const std::string second = beside.empty() ? folder : beside;
  if (std::string problem = disturb(second, options, beside.empty(), golden.input, &other); !problem.empty()) {
    return problem;
  }
  const std::string what = beside.empty() ? "once more, on the samples in another order" : harmless(beside);
  if (std::string problem = (*session)->run_all(golden.input, sizes, &again); !problem.empty()) return problem;
  stages->push_back(equal_stage("beside another model", again, first, "with a second model loaded and run: " + what));
  session->reset();
  if (std::string problem = Session::open(folder, options, session); !problem.empty()) return problem;
  other.reset();
  if (std::string problem = (*session)->run_all(golden.input, sizes, &again); !problem.empty()) return problem;
  stages->push_back(equal_stage("loaded again", again, first, "after it was loaded again"));
  return "";
}

std::string test(const std::string& folder, const Options& options, const std::string& beside,
                 std::vector<Stage>* stages) {
  std::shared_ptr<Session> session;
  if (std::string problem = Session::open(folder, options, &session); !problem.empty()) return problem;
  const VerdictRecord* found = verdict_of(*session);
  if (!found && (found = twin_verdict(*session))) {
    const std::string why = std::string("the file for ") + backend_variant() +
                            " was not run where it was verified: the limits are those of " + harmless(found->variant, 40);
    stages->push_back({"limits", "not compared", 0, 0, why});
  }
  if (!found) {
    return harmless(folder) + " has no passed verdict in " + session->precision() +
           ", which says what its outputs may be off by: run `edgekit verify` on it";
  }
  const VerdictRecord verdict = *found;
  const Manifest manifest = session->manifest();
  Golden golden;
  if (std::string problem = read_golden(session->artifact(), &golden); !problem.empty()) return problem;
  test_preparation(*session, golden, stages);
  std::vector<Tensor> outputs, whole;
  if (std::string problem = session->run_all(golden.input, {session->batch()}, &outputs); !problem.empty()) return problem;
  test_outputs(outputs, golden, manifest, verdict, "", stages);
  if (manifest.batch == kDynamicBatch && golden.input.samples() > 1) {
    if (std::string problem = session->run(golden.input, &whole); !problem.empty()) return problem;
    test_outputs(whole, golden, manifest, verdict, " in one call", stages);
  }
  return test_state(&session, options, beside, golden, outputs, stages);
}

}  // namespace

SelfTest run_self_test(const std::string& folder, const Options& options, const std::string& beside) {
  SelfTest result;
  result.error = test(folder, options, beside, &result.stages);
  bool failed = false, compared = false;
  for (const Stage& stage : result.stages) {
    failed = failed || stage.status == "failed";
    compared = compared || (stage.status == "passed" && stage.name.compare(0, 7, "output ") == 0);
  }
  result.passed = result.error.empty() && compared && !failed;
  return result;
}

}  // namespace edgekit
