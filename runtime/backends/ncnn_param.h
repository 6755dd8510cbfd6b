// ncnn's .param as text, looked at before ncnn reads it.
#pragma once

#include <string>
#include <vector>

namespace edgekit {

struct NcnnLayer {
  std::string type, name;
  std::vector<std::string> inputs, outputs, parameters;
};

struct NcnnGraph {
  std::vector<NcnnLayer> layers;

  std::vector<std::string> inputs() const;   // the blobs that the caller gives
  std::vector<std::string> outputs() const;  // the blobs that no layer reads
};

// From the text of a .param file: its counts are right, every blob is made once and before it is read, and every
// parameter is a number that ncnn can hold. Returns an empty string, or what is wrong, beginning with a verb.
std::string read_ncnn_param(const std::string& text, NcnnGraph* graph);

}  // namespace edgekit
