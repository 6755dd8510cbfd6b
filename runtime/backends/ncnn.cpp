// ncnn on the CPU, as converters/ncnn/run.py runs it.
#include <net.h>
#include <layer.h>
#include <datareader.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "../artifact/file.h"
#include "../artifact/wording.h"
#include "backend.h"
#include "ncnn_param.h"

namespace edgekit {
namespace {

constexpr std::size_t kLargestParam = std::size_t{64} << 20;

// The weights, straight from their file: no copy of it lies in memory beside ncnn's own.
class FileReader : public ncnn::DataReader {
 public:
  explicit FileReader(File* file) : file_(file) {}

  std::size_t read(void* bytes, std::size_t size) const override {
    const std::size_t got = file_->read(bytes, size);
    taken_ += got;
    return got;
  }

#if NCNN_STRING
  int scan(const char*, void*) const override { return 0; }
#endif

  std::uint64_t taken() const { return taken_; }

 private:
  File* file_;
  mutable std::uint64_t taken_ = 0;
};

std::string missing_layers(const NcnnGraph& graph) {
  std::set<std::string> types, missing;
  for (const NcnnLayer& layer : graph.layers) types.insert(layer.type);
  for (const std::string& type : types) {
    ncnn::Layer* layer = ncnn::create_layer_cpu(type.c_str());
    if (!layer) missing.insert(type);
    delete layer;
  }
  std::string names;
  for (const std::string& type : missing) names += (names.empty() ? "" : ", ") + harmless(type, 60);
  return names;
}

std::string check_ports(const Manifest& manifest, const NcnnGraph& graph, const std::string& file) {
  std::vector<std::string> inputs = graph.inputs(), outputs = graph.outputs(), wanted;
  for (const TensorSpec& spec : manifest.outputs) wanted.push_back(spec.target_name);
  std::sort(outputs.begin(), outputs.end());
  std::sort(wanted.begin(), wanted.end());
  if (inputs.size() != 1 || inputs[0] != manifest.input.target_name) {
    return file + " has no input " + harmless(manifest.input.target_name, 60) + ", as its manifest says";
  }
  if (outputs != wanted) return file + " has other outputs than its manifest says";
  return "";
}

// One sample, [C, H, W], each channel where ncnn wants it.
ncnn::Mat sample_of(const Tensor& input, std::int64_t index) {
  const Shape& shape = input.shape;
  ncnn::Mat mat(static_cast<int>(shape[3]), static_cast<int>(shape[2]), static_cast<int>(shape[1]));
  if (mat.empty()) return mat;
  const std::size_t plane = static_cast<std::size_t>(shape[2] * shape[3]);
  const float* values = input.floats() + static_cast<std::size_t>(index) * plane * static_cast<std::size_t>(shape[1]);
  for (int c = 0; c < mat.c; ++c) std::memcpy(mat.channel(c), values + plane * c, plane * sizeof(float));
  return mat;
}

// The values of a result without the gaps between its channels; false where there are others than `count`.
bool take(const ncnn::Mat& mat, std::size_t count, float* values) {
  const std::size_t plane = static_cast<std::size_t>(mat.w) * mat.h * mat.d;
  if (mat.elempack != 1 || mat.elemsize != sizeof(float) || plane * mat.c != count) return false;
  for (int c = 0; c < mat.c; ++c) std::memcpy(values + plane * c, mat.channel(c), plane * sizeof(float));
  return true;
}

class NcnnBackend : public Backend {
 public:
  std::string open(const Artifact& artifact, const BackendOptions& options) {
    manifest_ = artifact.manifest;
    const std::string param = artifact.path_of("model.ncnn.param"), bin = artifact.path_of("model.ncnn.bin");
    if (param.empty() || bin.empty()) return harmless(artifact.folder) + " has not the files of an ncnn model";
    const std::string file = harmless(file_of(manifest_, "model.ncnn.param"));
    std::string text;
    if (std::string problem = read_file(param, kLargestParam, "param file", &text); !problem.empty()) return problem;
    NcnnGraph graph;
    if (const std::string problem = read_ncnn_param(text, &graph); !problem.empty()) return file + " " + problem;
    if (std::string problem = check_ports(manifest_, graph, file); !problem.empty()) return problem;
    if (const std::string names = missing_layers(graph); !names.empty()) {
      return "this build of ncnn has no layer " + names + ", which " + file + " needs";
    }
    net_.opt.num_threads = options.threads;
    net_.opt.use_vulkan_compute = false;
    const bool half = options.precision == "fp16";
    if (!half) {
      net_.opt.use_fp16_packed = net_.opt.use_fp16_storage = false;
      net_.opt.use_bf16_packed = net_.opt.use_bf16_storage = false;
    }
    // On by default, and far off on some networks (docs/toolchains.md): FP16 is for what is stored, sums stay in FP32.
    SettingsReader settings(manifest_.settings);
    net_.opt.use_fp16_arithmetic = settings.truth("fp16_arithmetic", false) && half;
    net_.opt.use_winograd_convolution = settings.truth("winograd", true);
    net_.opt.use_sgemm_convolution = settings.truth("sgemm", true);
    net_.opt.use_packing_layout = settings.truth("packing", true);
    if (std::string problem = settings.problem("ncnn"); !problem.empty()) return problem;
    if (net_.load_param_mem(text.c_str()) != 0) return "ncnn cannot load " + file + ": its log says why";
    return open_weights(bin);
  }

  std::string run(const Tensor& input, std::vector<Tensor>* outputs) override {
    const std::int64_t samples = input.samples();
    outputs->clear();
    for (const TensorSpec& spec : manifest_.outputs) {
      Shape shape = spec.shape;
      shape[0] = samples;
      for (const std::int64_t extent : shape) {
        if (extent < 0) return "its output " + harmless(spec.name, 60) + " has no fixed shape, which ncnn needs";
      }
      outputs->push_back(zeros(TensorType::kFloat32, shape));
    }
    // ncnn has no batch dimension: sample by sample.
    for (std::int64_t i = 0; i < samples; ++i) {
      if (std::string problem = run_one(input, i, outputs); !problem.empty()) return problem;
    }
    return "";
  }

 private:
  std::string open_weights(const std::string& path) {
    File file;
    if (std::string problem = file.open(path, "file"); !problem.empty()) return problem;
    const FileReader reader(&file);
    const std::string name = harmless(file_of(manifest_, "model.ncnn.bin"));
    if (net_.load_model(reader) != 0) return "ncnn cannot load " + name + ": it does not fit its param file, or is cut short";
    if (reader.taken() != file.size()) {
      return name + " does not fit its param file: it has " + std::to_string(file.size()) + " bytes, and ncnn takes " +
             std::to_string(reader.taken());
    }
    return "";
  }

  std::string run_one(const Tensor& input, std::int64_t index, std::vector<Tensor>* outputs) {
    ncnn::Extractor extractor = net_.create_extractor();
    const ncnn::Mat sample = sample_of(input, index);
    if (sample.empty()) return "there is not enough memory for the input";
    if (extractor.input(manifest_.input.target_name.c_str(), sample) != 0) {
      return "ncnn does not take the input " + harmless(manifest_.input.target_name, 60);
    }
    for (std::size_t o = 0; o < outputs->size(); ++o) {
      const TensorSpec& spec = manifest_.outputs[o];
      Tensor& output = (*outputs)[o];
      ncnn::Mat mat;
      if (const int status = extractor.extract(spec.target_name.c_str(), mat); status != 0) {
        return "ncnn failed with status " + std::to_string(status) + " before " + harmless(spec.target_name, 60);
      }
      const std::size_t each = output.stride() / sizeof(float);
      if (!take(mat, each, output.floats() + each * static_cast<std::size_t>(index))) {
        return "ncnn gave " + harmless(spec.name, 60) + " as " + std::to_string(mat.w) + " x " + std::to_string(mat.h) +
               " x " + std::to_string(mat.c) + " values, which is not " + shown(output.shape);
      }
    }
    return "";
  }

  Manifest manifest_;
  ncnn::Net net_;
};

}  // namespace

const char* backend_target() { return "ncnn"; }
const char* backend_variant() { return ""; }

std::vector<std::string> backend_spares() { return {}; }
std::string backend_version() { return NCNN_VERSION_STRING; }

std::string open_backend(const Artifact& artifact, const BackendOptions& options, std::unique_ptr<Backend>* backend) {
#if !NCNN_INT8
  // Without the kernels it would take the integers for floats, or nothing at all.
  if (options.precision == "int8") return "this build of ncnn has no kernels for int8";
#endif
  if (artifact.manifest.embedded_preprocessing) return "ncnn takes no artifact with embedded preprocessing";
  auto made = std::make_unique<NcnnBackend>();
  if (std::string problem = made->open(artifact, options); !problem.empty()) return problem;
  *backend = std::move(made);
  return "";
}

}  // namespace edgekit
