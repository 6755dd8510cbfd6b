// golden.safetensors (edgekit/artifact/golden.py): what a test on a device needs, in one file.
#pragma once

#include <map>
#include <string>

#include "../artifact/load.h"
#include "../artifact/safetensors.h"

namespace edgekit {

struct Golden {
  Tensor input;                                // as the artifact takes it, [samples, ...]
  std::vector<Tensor> oracle;                  // of the manifest's outputs, in its order
  std::map<std::string, Tensor> first_sample;  // what the first sample was made from: photo_file, photo, levels

  const Tensor* find(const std::string& name) const {
    const auto found = first_sample.find(name);
    return found == first_sample.end() ? nullptr : &found->second;
  }
};

// Returns an empty string, or what is wrong.
std::string read_golden(const Artifact& artifact, Golden* golden);

}  // namespace edgekit
