// An artifact inside the program itself (-DEDGEKIT_EMBEDDED=FOLDER): its files need no file system.
#pragma once

#include <cstddef>
#include <string>

namespace edgekit {

struct EmbeddedFile {
  const char* name;
  const unsigned char* begin;
  const unsigned char* end;

  std::size_t size() const { return static_cast<std::size_t>(end - begin); }
};

// What stands for the folder of the artifact inside the program; empty where there is none.
const char* embedded_artifact();

// A file of it by `embedded_artifact()/name`; null where it has none, or the path leads elsewhere.
const EmbeddedFile* embedded_file(const std::string& path);

}  // namespace edgekit
