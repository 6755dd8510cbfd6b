// Reads an artifact's folder, and notices what has changed since it was written (edgekit/artifact/load.py).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "manifest.h"

namespace edgekit {

struct Artifact {
  std::string folder;
  Manifest manifest;
  std::string manifest_text;  // as it was read, byte for byte
  std::map<std::string, std::string> identities;  // of its files when they were hashed

  // The path of the file that the converter called `role`; empty where there is none.
  std::string path_of(const std::string& role) const;
};

// Read the artifact in `folder` and check its files' hashes. Of the roles `spares` a file may be absent: an app for one
// processor need not carry another's. Returns an empty string, or what is wrong.
std::string load_artifact(const std::string& folder, Artifact* artifact, const std::vector<std::string>& spares = {});

// Empty, or that a file is another one than was hashed: a backend reads files again after they were checked.
std::string check_unchanged(const Artifact& artifact);

}  // namespace edgekit
