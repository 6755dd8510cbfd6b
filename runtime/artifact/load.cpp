#include "load.h"

#include <algorithm>
#include <utility>

#include "file.h"
#include "wording.h"

namespace edgekit {
namespace {

constexpr std::size_t kLargestManifest = std::size_t{16} << 20;
const char* const kManifest = "manifest.json";

std::string check_file(const std::string& path, const FileRecord& record) {
  File file;
  if (std::string problem = file.open(path, "file"); !problem.empty()) return "the artifact is not whole: " + problem;
  if (file.size() != record.bytes) {
    return harmless(path) + " is damaged: it has " + std::to_string(file.size()) + " bytes, its manifest says " +
           std::to_string(record.bytes);
  }
  std::string sha256;
  if (std::string problem = hash_file(path, "file", &sha256); !problem.empty()) return problem;
  if (sha256 != record.sha256) {
    return harmless(path) + " has been changed: its SHA-256 is " + sha256.substr(0, 12) + "..., its manifest says " +
           record.sha256.substr(0, 12) + "...";
  }
  return "";
}

}  // namespace

std::string Artifact::path_of(const std::string& role) const {
  const std::string name = file_of(manifest, role);
  return name.empty() ? "" : join(folder, name);
}

std::string load_artifact(const std::string& folder, Artifact* artifact, const std::vector<std::string>& spares) {
  artifact->folder = folder;
  const std::string path = join(folder, kManifest);
  if (identity_of(path).empty()) return harmless(folder) + " is not an artifact: it has no " + kManifest;
  std::string text;
  if (std::string problem = read_file(path, kLargestManifest, "manifest", &text); !problem.empty()) return problem;
  if (const std::string problem = read_manifest(text, &artifact->manifest); !problem.empty()) {
    return harmless(path) + " cannot be read: " + problem;
  }
  artifact->manifest_text = std::move(text);
  for (const auto* files : {&artifact->manifest.files, &artifact->manifest.golden}) {
    for (const auto& [name, record] : *files) {
      const std::string identity = identity_of(join(folder, name));
      if (identity.empty() && std::find(spares.begin(), spares.end(), record.role) != spares.end()) continue;
      artifact->identities[name] = identity;
      if (std::string problem = check_file(join(folder, name), record); !problem.empty()) return problem;
    }
  }
  return check_unchanged(*artifact);
}

std::string check_unchanged(const Artifact& artifact) {
  for (const auto& [name, identity] : artifact.identities) {
    if (identity_of(join(artifact.folder, name)) != identity) {
      return harmless(join(artifact.folder, name)) + " was written to while it was read";
    }
  }
  return "";
}

}  // namespace edgekit
