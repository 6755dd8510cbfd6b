#include "file.h"

#include <cerrno>
#include <cstring>
#include <vector>

#if defined(_WIN32)
#include <sys/stat.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "../third_party/sha-2/sha-256.h"
#include "embedded.h"
#include "wording.h"

namespace edgekit {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;

std::string unread(const std::string& path, int error) {
  return harmless(path) + " cannot be read (" + std::strerror(error) + ")";
}

std::string hex(const std::uint8_t (&digest)[SIZE_OF_SHA_256_HASH]) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

File::~File() {
  if (stream_) std::fclose(stream_);
}

std::string File::open(const std::string& path, const char* what) {
  if (path.find('\0') != std::string::npos) return std::string("there is no ") + what + " " + harmless(path);
#if defined(_WIN32)
  stream_ = std::fopen(path.c_str(), "rb");
  if (!stream_) return unread(path, errno);
  struct _stat64 found;
  if (_fstat64(_fileno(stream_), &found) != 0) return unread(path, errno);
  size_ = static_cast<std::uint64_t>(found.st_size);
#else
  if (const EmbeddedFile* embedded = embedded_file(path)) {
    size_ = embedded->size();
    stream_ = fmemopen(const_cast<unsigned char*>(embedded->begin), embedded->size(), "rb");
    return stream_ ? "" : unread(path, errno);
  }
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::string("there is no ") + what + " " + harmless(path);
    return unread(path, errno);
  }
  struct stat found;
  if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
    close(descriptor);
    return harmless(path) + " is not a file";
  }
  size_ = static_cast<std::uint64_t>(found.st_size);
  stream_ = fdopen(descriptor, "rb");
  if (!stream_) {
    const int error = errno;
    close(descriptor);
    return unread(path, error);
  }
#endif
  return "";
}

std::size_t File::read(void* bytes, std::size_t size) { return std::fread(bytes, 1, size, stream_); }

std::string identity_of(const std::string& path) {
  if (const EmbeddedFile* embedded = embedded_file(path)) return std::to_string(embedded->size());
#if defined(_WIN32)
  struct _stat64 found;
  if (_stat64(path.c_str(), &found) != 0) return "";
  return std::to_string(found.st_size) + " " + std::to_string(found.st_mtime);
#else
  struct stat found;
  if (stat(path.c_str(), &found) != 0) return "";
  std::string text = std::to_string(found.st_size) + " " + std::to_string(found.st_ino) + " " +
                     std::to_string(found.st_dev) + " " + std::to_string(found.st_mtime);
#if defined(__linux__)
  text += "." + std::to_string(found.st_mtim.tv_nsec) + " " + std::to_string(found.st_ctim.tv_sec) + "." +
          std::to_string(found.st_ctim.tv_nsec);
#endif
  return text;
#endif
}

std::string read_file(const std::string& path, std::size_t largest, const char* what, std::string* content) {
  File file;
  if (std::string problem = file.open(path, what); !problem.empty()) return problem;
  content->clear();
  // Not by its size, which may change, and which files of /proc do not tell.
  std::vector<char> piece(kPiece);
  while (const std::size_t got = file.read(piece.data(), piece.size())) {
    if (content->size() + got > largest) {
      return harmless(path) + " is too large for a " + what + ": more than " + std::to_string(largest >> 10) + " KiB";
    }
    content->append(piece.data(), got);
  }
  return "";
}

std::string hash_file(const std::string& path, const char* what, std::string* sha256) {
  File file;
  if (std::string problem = file.open(path, what); !problem.empty()) return problem;
  std::uint8_t digest[SIZE_OF_SHA_256_HASH];
  Sha_256 state;
  sha_256_init(&state, digest);
  std::vector<char> piece(kPiece);
  while (const std::size_t got = file.read(piece.data(), piece.size())) sha_256_write(&state, piece.data(), got);
  sha_256_close(&state);
  *sha256 = hex(digest);
  return "";
}

std::string sha256_of(const std::string& content) {
  std::uint8_t digest[SIZE_OF_SHA_256_HASH];
  calc_sha_256(digest, content.data(), content.size());
  return hex(digest);
}

std::string write_file(const std::string& path, const std::string& content) {
  std::FILE* stream = std::fopen(path.c_str(), "wb");
  if (!stream) return harmless(path) + " cannot be written (" + std::strerror(errno) + ")";
  const bool whole = std::fwrite(content.data(), 1, content.size(), stream) == content.size();
  const bool closed = std::fclose(stream) == 0;
  return whole && closed ? "" : harmless(path) + " cannot be written whole: is the disk full?";
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.back() == '/' ? folder + name : folder + "/" + name;
}

}  // namespace edgekit
