// ncnn's .param from anybody: what is taken has each blob made once, before it is read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>

#include "../backends/ncnn_param.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  edgekit::NcnnGraph graph;
  if (!edgekit::read_ncnn_param(std::string(reinterpret_cast<const char*>(data), size), &graph).empty()) return 0;
  std::set<std::string> made;
  for (const edgekit::NcnnLayer& layer : graph.layers) {
    for (const std::string& blob : layer.inputs) {
      if (!made.count(blob)) std::abort();
    }
    for (const std::string& blob : layer.outputs) {
      if (!made.insert(blob).second) std::abort();
    }
  }
  if (graph.layers.empty()) std::abort();
  return 0;
}
