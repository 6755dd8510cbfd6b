#include "embedded.h"

#if defined(EDGEKIT_EMBEDDED_TABLE)
#include EDGEKIT_EMBEDDED_TABLE
#endif

namespace edgekit {
namespace {

// In the place of a folder; a real one of that name is not looked at where there are embedded files.
const std::string kFolder = "embedded:";

}  // namespace

#if defined(EDGEKIT_EMBEDDED_TABLE)

const char* embedded_artifact() { return kFolder.c_str(); }

const EmbeddedFile* embedded_file(const std::string& path) {
  if (path.compare(0, kFolder.size() + 1, kFolder + "/") != 0) return nullptr;
  for (const EmbeddedFile& file : kEmbeddedFiles) {
    if (path.compare(kFolder.size() + 1, std::string::npos, file.name) == 0) return &file;
  }
  return nullptr;
}

#else

const char* embedded_artifact() { return ""; }

const EmbeddedFile* embedded_file(const std::string&) { return nullptr; }

#endif

}  // namespace edgekit
