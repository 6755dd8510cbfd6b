#include "ncnn_param.h"

#include <cstdlib>
#include <set>
#include <sstream>

#include "../artifact/wording.h"

namespace edgekit {
namespace {

const char* const kMagic = "7767517";
constexpr std::size_t kMostLayers = 100000;
constexpr std::size_t kLongestWord = 200;  // ncnn's own buffers end at 255
constexpr long kMostBlobs = 1000;          // of one layer
constexpr long kLargestId = 31, kArrayId = 23300;
constexpr std::size_t kLongestArray = 4096;

bool whole_number(const std::string& text, long long least, long long most, long long* value) {
  if (text.empty() || text.size() > 12) return false;
  char* end = nullptr;
  *value = std::strtoll(text.c_str(), &end, 10);
  return *end == '\0' && end != text.c_str() && *value >= least && *value <= most;
}

// An integer of 32 bits, or digits with a point or an exponent.
bool is_number(const std::string& text) {
  long long value = 0;
  if (whole_number(text, INT32_MIN, INT32_MAX, &value)) return true;
  const bool plain = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  return plain && text.size() <= 40 && text.find_first_of(".eE") != std::string::npos &&
         text.find_first_of("0123456789") != std::string::npos;
}

// `id=value`, `id=value,value`, `-(23300 + id)=count,value...`; a text in quotes or of letters is a name.
bool is_parameter(const std::string& entry) {
  const std::size_t equals = entry.find('=');
  long long id = 0;
  if (equals == std::string::npos || !whole_number(entry.substr(0, equals), -(kArrayId + kLargestId), kLargestId, &id)) {
    return false;
  }
  if (id < 0 && id > -kArrayId) return false;
  const std::string value = entry.substr(equals + 1);
  const bool letters = !value.empty() && (value[0] == '"' || (value[0] | 32) >= 'a') && (value[0] | 32) <= 'z';
  if (letters) return id >= 0 && value.size() <= kLongestWord;
  std::istringstream stream(value);
  std::vector<std::string> parts;
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  if (parts.empty() || parts.size() > kLongestArray) return false;
  for (const std::string& part : parts) {
    if (!is_number(part)) return false;
  }
  long long count = 0;
  return id >= 0 || (whole_number(parts[0], 0, kLongestArray, &count) &&
                     static_cast<std::size_t>(count) == parts.size() - 1);
}

bool read_layer(const std::string& line, NcnnLayer* layer) {
  std::istringstream words(line);
  std::string reads, writes;
  long long inputs = 0, outputs = 0;
  if (!(words >> layer->type >> layer->name >> reads >> writes)) return false;
  if (!whole_number(reads, 0, kMostBlobs, &inputs) || !whole_number(writes, 0, kMostBlobs, &outputs)) return false;
  for (std::string word; words >> word;) {
    if (static_cast<long long>(layer->inputs.size()) < inputs) {
      layer->inputs.push_back(word);
    } else if (static_cast<long long>(layer->outputs.size()) < outputs) {
      layer->outputs.push_back(word);
    } else if (is_parameter(word)) {
      layer->parameters.push_back(word);
    } else {
      return false;
    }
    if (layer->parameters.empty() && word.size() > kLongestWord) return false;
  }
  return static_cast<long long>(layer->inputs.size()) == inputs &&
         static_cast<long long>(layer->outputs.size()) == outputs && layer->type.size() <= kLongestWord &&
         layer->name.size() <= kLongestWord;
}

}  // namespace

std::vector<std::string> NcnnGraph::inputs() const {
  std::vector<std::string> found;
  for (const NcnnLayer& layer : layers) {
    if (layer.type == "Input") found.insert(found.end(), layer.outputs.begin(), layer.outputs.end());
  }
  return found;
}

std::vector<std::string> NcnnGraph::outputs() const {
  std::set<std::string> read;
  for (const NcnnLayer& layer : layers) read.insert(layer.inputs.begin(), layer.inputs.end());
  std::vector<std::string> found;
  for (const NcnnLayer& layer : layers) {
    for (const std::string& blob : layer.outputs) {
      if (!read.count(blob)) found.push_back(blob);
    }
  }
  return found;
}

std::string read_ncnn_param(const std::string& text, NcnnGraph* graph) {
  if (text.find('\0') != std::string::npos) return "is no ncnn param file";
  std::istringstream lines(text);
  std::string line, layers, blobs;
  std::getline(lines, line);
  std::istringstream(line) >> layers;
  if (layers != kMagic) return "is no ncnn param file";
  std::getline(lines, line);
  std::istringstream(line) >> layers >> blobs;
  long long layer_count = 0, blob_count = 0;
  if (!whole_number(layers, 1, kMostLayers, &layer_count) || !whole_number(blobs, 1, kMostLayers, &blob_count)) {
    return "says no possible number of layers and blobs";
  }
  std::set<std::string> made;
  while (std::getline(lines, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    NcnnLayer layer;
    if (!read_layer(line, &layer)) return "has a line that is no layer: " + harmless(line, 80);
    for (const std::string& blob : layer.inputs) {
      if (!made.count(blob)) return "has a layer " + harmless(layer.name, 60) + " that reads what no layer before it makes";
    }
    for (const std::string& blob : layer.outputs) {
      if (!made.insert(blob).second) return "makes its blob " + harmless(blob, 60) + " twice";
    }
    graph->layers.push_back(std::move(layer));
    if (static_cast<long long>(graph->layers.size()) > layer_count) break;
  }
  if (static_cast<long long>(graph->layers.size()) != layer_count) {
    return "says " + layers + " layers and has " +
           (static_cast<long long>(graph->layers.size()) > layer_count ? "more" : std::to_string(graph->layers.size()));
  }
  if (static_cast<long long>(made.size()) != blob_count) {
    return "says " + blobs + " blobs and has " + std::to_string(made.size());
  }
  return "";
}

}  // namespace edgekit
