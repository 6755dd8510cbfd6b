// Files that may be anything: what is no regular file of bounded size is refused before a byte is read.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace edgekit {

// An open regular file. Opening never waits, as it would for a pipe that nobody writes to.
class File {
 public:
  File() = default;
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Empty, or why it cannot be opened; `what` it should be is named where it is absent.
  std::string open(const std::string& path, const char* what);

  // Up to `size` bytes; fewer at its end, or where the disk fails.
  std::size_t read(void* bytes, std::size_t size);

  std::uint64_t size() const { return size_; }

 private:
  std::FILE* stream_ = nullptr;
  std::uint64_t size_ = 0;
};

// Changes when a file is replaced or written to: what `stat` says of it. Empty where there is none.
std::string identity_of(const std::string& path);

// The content of a regular file of at most `largest` bytes. Returns an empty string, or what is wrong.
std::string read_file(const std::string& path, std::size_t largest, const char* what, std::string* content);

// Its SHA-256 in 64 hex digits, read piece by piece.
std::string hash_file(const std::string& path, const char* what, std::string* sha256);

std::string sha256_of(const std::string& content);

// Write a file, all of it. Returns an empty string, or what is wrong.
std::string write_file(const std::string& path, const std::string& content);

std::string join(const std::string& folder, const std::string& name);

}  // namespace edgekit
