#include "stb.h"

#include <climits>
#include <cstdlib>
#include <cstring>

namespace {

// A file of a few bytes may say that it unpacks to gigabytes; what its picture cannot need is refused.
thread_local std::size_t largest_allocation = 0;

void* bounded_malloc(std::size_t size) {
  // Zeros: where a damaged file leaves pixels out, they are the same each time, and nobody's memory.
  return size <= largest_allocation ? std::calloc(1, size ? size : 1) : nullptr;
}

void* bounded_realloc(void* old, std::size_t before, std::size_t size) {
  if (size > largest_allocation) return nullptr;
  void* grown = std::realloc(old, size ? size : 1);
  if (grown && size > before) std::memset(static_cast<char*>(grown) + before, 0, size - before);
  return grown;
}

}  // namespace

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_SIMD
#define STBI_MAX_DIMENSIONS 32768
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC(size) bounded_malloc(size)
#define STBI_REALLOC_SIZED(old, before, size) bounded_realloc(old, before, size)
#define STBI_FREE(memory) std::free(memory)

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif
#include "../third_party/stb/stb_image.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace edgekit {

std::uint8_t* stb_decode(const std::uint8_t* file, std::size_t size, int channels, std::size_t largest, int* width,
                         int* height, std::string* problem) {
  if (size > INT_MAX) {
    *problem = "is too large";
    return nullptr;
  }
  largest_allocation = largest;
  int stored = 0;
  std::uint8_t* pixels = stbi_load_from_memory(file, static_cast<int>(size), width, height, &stored, channels);
  if (!pixels) {
    const char* reason = stbi_failure_reason();
    *problem = std::string("cannot be read (") + (reason ? reason : "damaged") + ")";
  }
  return pixels;
}

}  // namespace edgekit
