#include "arguments.h"

#include <cstdlib>
#include <locale>
#include <sstream>
#include <utility>

#include "../artifact/embedded.h"
#include "../artifact/wording.h"

namespace edgekit {
namespace {

constexpr int kMost = 1000000;

bool read_whole(const std::string& word, int least, int* value) {
  if (word.empty() || word.size() > 7 || word.find_first_not_of("0123456789") != std::string::npos) return false;
  *value = std::atoi(word.c_str());
  return *value >= least && *value <= kMost;
}

bool read_seconds(const std::string& word, double* value) {
  std::istringstream stream(word);
  stream.imbue(std::locale::classic());
  return (stream >> *value) && stream.eof() && *value > 0 && *value <= kMost;
}

// Whole numbers from `least` up, with commas between them.
template <typename Number>
bool read_list(const std::string& word, int least, std::vector<Number>* numbers) {
  std::istringstream stream(word);
  for (std::string part; std::getline(stream, part, ',');) {
    int one = 0;
    if (!read_whole(part, least, &one)) return false;
    numbers->push_back(one);
  }
  return !numbers->empty();
}

// Take the value of a flag; false where it means nothing.
bool take(const std::string& flag, const std::string& value, Arguments* arguments) {
  if (flag == "--top") return read_whole(value, 1, &arguments->top);
  if (flag == "--threads") return read_whole(value, 1, &arguments->options.threads);
  if (flag == "--batch") return read_list(value, 1, &arguments->batch);
  if (flag == "--cores") return read_list(value, 0, &arguments->cores);
  if (flag == "--precision") {
    arguments->options.precision = value;
    return value == "fp32" || value == "fp16";
  }
  const std::pair<const char*, std::string*> paths[] = {{"--outputs", &arguments->outputs},
                                                        {"--run", &arguments->tensors},
                                                        {"--beside", &arguments->beside},
                                                        {"--report", &arguments->report}};
  for (const auto& [name, place] : paths) {
    if (flag != name) continue;
    *place = value;
    return !value.empty();
  }
  arguments->timed = true;
  Timing& timing = arguments->timing;
  if (flag == "--warmup") return read_whole(value, 0, &timing.warmup);
  if (flag == "--repeats") return read_whole(value, 1, &timing.repeats);
  if (flag == "--least-seconds") return read_seconds(value, &timing.least_seconds);
  if (flag == "--blocks") return read_whole(value, 1, &timing.blocks) && timing.blocks <= 1000;
  return flag == "--seconds" && read_seconds(value, &timing.seconds);
}

bool takes_value(const std::string& flag) {
  for (const char* one : {"--top", "--threads", "--batch", "--precision", "--outputs", "--run", "--beside",
                          "--report", "--warmup", "--repeats", "--seconds", "--least-seconds", "--blocks",
                          "--cores"}) {
    if (flag == one) return true;
  }
  return false;
}

std::string check(const Arguments& arguments) {
  if (arguments.task == Task::kVersion || arguments.task == Task::kHelp) return "";
  if (arguments.artifact.empty()) return "no artifact is named: edgekit_runner ARTIFACT [PHOTO...]";
  if (arguments.task == Task::kReport) {
    if (arguments.photos.size() != 1) return "a report is of one photo: edgekit_runner --report FOLDER ARTIFACT PHOTO";
  } else if (!arguments.photos.empty() && arguments.task != Task::kClassify) {
    return "'" + harmless(arguments.photos[0]) + "' is one argument too many";
  }
  const bool runs = arguments.task == Task::kRun;
  if (runs != !arguments.outputs.empty()) return "--run TENSORS and --outputs FILE belong together";
  if (!arguments.batch.empty() && !runs) return "--batch belongs to --run";
  if (!arguments.beside.empty() && arguments.task != Task::kSelfTest) return "--beside belongs to --self-test";
  if (arguments.timed && arguments.task == Task::kSelfTest) return "a self-test is not timed";
  return "";
}

}  // namespace

const char* const kUsage =
    "edgekit_runner ARTIFACT [PHOTO...] [--top K]\n"
    "edgekit_runner --self-test ARTIFACT [--beside ARTIFACT]\n"
    "edgekit_runner --run TENSORS.safetensors --outputs OUT.safetensors ARTIFACT [--batch N[,N...]]\n"
    "edgekit_runner --report FOLDER ARTIFACT PHOTO\n"
    "edgekit_runner --version\n"
    "  --threads N, --precision fp32|fp16, --cores N[,N...]; with photos and --run: --warmup N --repeats N --seconds S\n"
    "  --least-seconds S --blocks N\n"
    "A program with a model inside takes no ARTIFACT.\n"
    "Exit status: 0 done, 1 self-test failed, 2 refused. Answers are JSON on standard output.\n";

std::string read_arguments(const std::vector<std::string>& words, Arguments* arguments) {
  arguments->artifact = embedded_artifact();
  bool only_names = false, self_test = false, version = false, help = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string flag = words[i];
    if (only_names || flag.compare(0, 2, "--") != 0) {
      if (arguments->artifact.empty()) {
        arguments->artifact = flag;
      } else {
        arguments->photos.push_back(flag);
      }
      continue;
    }
    if (flag == "--") {
      only_names = true;
    } else if (flag == "--self-test") {
      self_test = true;
    } else if (flag == "--version") {
      version = true;
    } else if (flag == "--help") {
      help = true;
    } else {
      std::string value;
      const std::size_t equals = flag.find('=');
      if (equals != std::string::npos) {
        value = flag.substr(equals + 1);
        flag.resize(equals);
      }
      if (!takes_value(flag)) return "there is no flag " + harmless(flag, 60);
      if (equals == std::string::npos) {
        if (++i == words.size()) return flag + " needs a value";
        value = words[i];
      }
      if (!take(flag, value, arguments)) return flag + " cannot be '" + harmless(value, 60) + "'";
    }
  }
  const int tasks = self_test + !arguments->tensors.empty() + !arguments->report.empty();
  if (tasks > 1) return "--self-test, --run and --report exclude each other";
  arguments->task = help                          ? Task::kHelp
                    : version                     ? Task::kVersion
                    : self_test                   ? Task::kSelfTest
                    : !arguments->tensors.empty() ? Task::kRun
                    : !arguments->report.empty()  ? Task::kReport
                                                  : Task::kClassify;
  return check(*arguments);
}

}  // namespace edgekit
