// linux_camera: names what a camera sees. A line of JSON a frame on stdout, and one before them about the model.
#include <edgekit/runtime.h>

#include <csignal>
#include <cstdio>

#include "arguments.h"
#include "camera.h"
#include "folder.h"
#include "json.h"

namespace {

volatile std::sig_atomic_t stopped = 0;

void stop(int) { stopped = 1; }

// One line, at once, since somebody may read it from a pipe. False where nobody does any more.
bool print(const std::string& line) { return std::puts(line.c_str()) >= 0 && std::fflush(stdout) == 0; }

int refused(const std::string& sentence) {
  print("{\"error\": " + quoted(sentence) + "}");
  return 2;
}

// The boot test of the device. Empty where it passed.
std::string tested(const std::string& artifact) {
  const edgekit::SelfTest result = edgekit::self_test(artifact);
  if (!result.error.empty()) return result.error;
  for (const edgekit::Stage& stage : result.stages) {
    if (stage.status == "failed") return "the self-test failed: " + stage.name + ": " + stage.detail;
  }
  return result.passed ? "" : "the self-test compared no output";
}

std::string line_of(const Frame& frame, const edgekit::Classification& answer) {
  std::string classes;
  for (const edgekit::Ranked& one : answer.top) {
    classes += (classes.empty() ? "" : ", ") + ("{\"index\": " + std::to_string(one.index)) + ", \"label\": " +
               quoted(one.name) + ", \"probability\": " + number(one.probability, 9) + "}";
  }
  return "{\"frame\": " + quoted(frame.name) + ", \"classes\": [" + classes + "], \"decode_ms\": " +
         number(answer.decode_ms, 4) + ", \"preprocess_ms\": " + number(answer.preprocess_ms, 4) + ", \"run_ms\": " +
         number(answer.run_ms, 4) + "}";
}

edgekit::Classification classify(const edgekit::Model& model, const Frame& frame, int top) {
  const auto photo = frame.width > 0 ? edgekit::Photo::pixels(frame.bytes.data(), frame.width, frame.height)
                                     : edgekit::Photo::file(frame.bytes.data(), frame.bytes.size());
  return edgekit::classify(model, photo, top);
}

// A line a frame, until there are no more; returns the exit status.
int watch(const Arguments& arguments, const edgekit::Model& model, Frames* frames) {
  bool all = true;
  for (long number = 0; !stopped && (arguments.count == 0 || number < arguments.count); ++number) {
    Frame frame;
    bool ended = false;
    std::string problem = frames->next(&frame, &ended);
    if (stopped || ended) break;
    if (!problem.empty() && !frames->goes_on()) return refused(problem);
    edgekit::Classification answer;
    if (problem.empty()) problem = (answer = classify(model, frame, arguments.top)).error;
    const bool told = print(problem.empty() ? line_of(frame, answer)
                                            : "{\"frame\": " + quoted(frame.name) + ", \"error\": " + quoted(problem) + "}");
    if (!told) return 2;
    all = all && problem.empty();
  }
  return all ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
  Arguments arguments;
  if (std::string problem = read_arguments(words, &arguments); !problem.empty()) {
    std::fputs(kUsage, stderr);
    return refused(problem);
  }
  if (arguments.self_test) {
    if (std::string problem = tested(arguments.artifact); !problem.empty()) return refused(problem);
  }
  const edgekit::Loaded loaded = edgekit::load(arguments.artifact);
  if (!loaded.error.empty()) return refused(loaded.error);
  std::unique_ptr<Frames> frames;
  const std::string problem = arguments.frames.empty()
                                  ? open_camera(arguments.device, arguments.width, arguments.height, &frames)
                                  : open_folder(arguments.frames, &frames);
  if (!problem.empty()) return refused(problem);
  const edgekit::Version version = edgekit::version();
  print("{\"artifact\": " + quoted(arguments.artifact) + ", \"self_test\": " +
        (arguments.self_test ? "\"passed\"" : "null") + ", \"backend\": " +
        quoted(version.backend + " " + version.backend_version) + ", \"architecture\": " + quoted(version.architecture) + "}");
  return watch(arguments, loaded.model, frames.get());
}

}  // namespace

int main(int count, char** words) {
  struct sigaction action {};  // without SA_RESTART, so that waiting for a frame ends
  action.sa_handler = stop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return run(std::vector<std::string>(words + 1, words + count));
}
