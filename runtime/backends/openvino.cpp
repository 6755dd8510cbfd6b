// OpenVINO on the CPU, as converters/openvino/run.py runs it: FP32 whatever the CPU offers.
#include <openvino/openvino.hpp>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "../artifact/wording.h"
#include "backend.h"

namespace edgekit {
namespace {

// OpenVINO's messages have a place in its source on each line but the last.
std::string last_line(const char* message) {
  std::string text = message, line, last;
  std::istringstream lines(text);
  while (std::getline(lines, line)) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return harmless(last, 300);
}

// Whether a model's port takes what the manifest says, extent by extent.
bool fits(const ov::PartialShape& port, const Shape& shape) {
  if (port.rank().is_dynamic()) return true;
  if (port.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (port[i].is_static() && port[i].get_length() != shape[i]) return false;
    if (port[i].is_dynamic() && shape[i] != -1 && !port[i].compatible(shape[i])) return false;
  }
  return true;
}

template <typename Ports>
bool has_port(const Ports& ports, const std::string& name) {
  return std::any_of(ports.begin(), ports.end(), [&](const auto& port) { return port.get_names().count(name) != 0; });
}

class OpenVinoBackend : public Backend {
 public:
  std::string open(const Artifact& artifact, const BackendOptions& options) {
    manifest_ = artifact.manifest;
    const std::string xml = artifact.path_of("model.xml"), bin = artifact.path_of("model.bin");
    if (xml.empty() || bin.empty()) return harmless(artifact.folder) + " has not the files of an OpenVINO model";
    const std::string file = harmless(file_of(manifest_, "model.xml"));
    try {
      // One for the whole program: it loads the plugin's library, which takes a while.
      static ov::Core core;
      const std::shared_ptr<ov::Model> model = core.read_model(xml, bin);
      if (std::string problem = check_ports(*model, file); !problem.empty()) return problem;
      // Without the hint the CPU plugin picks bf16 or f16 where the CPU has them.
      compiled_ = core.compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32),
                                     ov::inference_num_threads(options.threads),
                                     ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
      request_ = compiled_.create_infer_request();
    } catch (const std::exception& error) {
      return "OpenVINO cannot load " + file + ": " + last_line(error.what());
    }
    return "";
  }

  std::string run(const Tensor& input, std::vector<Tensor>* outputs) override {
    outputs->clear();
    try {
      const ov::element::Type type = input.type == TensorType::kUint8 ? ov::element::u8 : ov::element::f32;
      ov::Tensor fed(type, ov::Shape(input.shape.begin(), input.shape.end()));
      std::memcpy(fed.data(), input.bytes.data(), input.bytes.size());
      request_.set_tensor(manifest_.input.target_name, fed);
      request_.infer();
      for (const TensorSpec& spec : manifest_.outputs) {
        const ov::Tensor found = request_.get_tensor(spec.target_name);
        if (found.get_element_type() != ov::element::f32) return "the output " + harmless(spec.name, 60) + " is not float32";
        const ov::Shape& shape = found.get_shape();
        outputs->push_back(zeros(TensorType::kFloat32, Shape(shape.begin(), shape.end())));
        std::memcpy(outputs->back().bytes.data(), found.data(), outputs->back().bytes.size());
      }
    } catch (const std::exception& error) {
      return "OpenVINO failed: " + last_line(error.what());
    }
    return "";
  }

 private:
  std::string check_ports(const ov::Model& model, const std::string& file) const {
    if (model.inputs().size() != 1 || !has_port(model.inputs(), manifest_.input.target_name)) {
      return file + " has no input " + harmless(manifest_.input.target_name, 60) + ", as its manifest says";
    }
    if (!fits(model.input().get_partial_shape(), manifest_.input.shape)) {
      return file + " takes another input than its manifest says, " + shown(manifest_.input.shape);
    }
    bool same = model.outputs().size() == manifest_.outputs.size();
    for (const TensorSpec& spec : manifest_.outputs) same = same && has_port(model.outputs(), spec.target_name);
    return same ? "" : file + " has other outputs than its manifest says";
  }

  Manifest manifest_;
  ov::CompiledModel compiled_;
  ov::InferRequest request_;
};

}  // namespace

const char* backend_target() { return "openvino"; }
const char* backend_variant() { return ""; }

std::vector<std::string> backend_spares() { return {}; }
std::string backend_version() { return ov::get_openvino_version().buildNumber; }

std::string open_backend(const Artifact& artifact, const BackendOptions& options, std::unique_ptr<Backend>* backend) {
  auto made = std::make_unique<OpenVinoBackend>();
  if (std::string problem = made->open(artifact, options); !problem.empty()) return problem;
  *backend = std::move(made);
  return "";
}

}  // namespace edgekit
