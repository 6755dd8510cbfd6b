#include "png_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "../artifact/wording.h"
#include "png_checksum.h"

namespace edgekit {
namespace {

constexpr std::size_t kBlock = 65535;      // the most that one stored block of deflate holds (RFC 1951, 3.2.4)
constexpr std::size_t kRun = 5552;         // Adler-32 sums that do not overflow 32 bits before they are reduced (zlib)
constexpr std::uint32_t kAdler = 65521;    // the largest prime below 65536 (RFC 1950)

void put(std::uint32_t value, std::uint8_t* at) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// A PNG file that grows: the rows' bytes as stored blocks, each in an IDAT chunk of its own.
class Writer {
 public:
  explicit Writer(std::FILE* stream) : stream_(stream) { block_.reserve(kBlock); }

  void head(const Image& image) {
    const std::uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    write(signature, sizeof(signature));
    std::uint8_t head[13] = {};
    put(static_cast<std::uint32_t>(image.width), head);
    put(static_cast<std::uint32_t>(image.height), head + 4);
    head[8] = 8;
    head[9] = image.channels == 4 ? 6 : 2;
    chunk("IHDR", {head, head + sizeof(head)});
  }

  void bytes(const std::uint8_t* data, std::size_t size) {
    while (size) {
      if (block_.size() == kBlock) flush(false);
      const std::size_t fits = std::min(size, kBlock - block_.size());
      block_.insert(block_.end(), data, data + fits);
      data += fits;
      size -= fits;
    }
  }

  bool end() {
    flush(true);
    chunk("IEND", {});
    return whole_;
  }

 private:
  void write(const std::uint8_t* data, std::size_t size) {
    whole_ = whole_ && std::fwrite(data, 1, size, stream_) == size;
  }

  void chunk(const char* type, const std::vector<std::uint8_t>& data) {
    std::uint8_t around[8];
    put(static_cast<std::uint32_t>(data.size()), around);
    std::memcpy(around + 4, type, 4);
    write(around, 8);
    write(data.data(), data.size());
    put(png_checksum(data.data(), data.size(), png_checksum(around + 4, 4)), around);
    write(around, 4);
  }

  void flush(bool last) {
    for (std::size_t i = 0; i < block_.size();) {
      for (const std::size_t stop = std::min(block_.size(), i + kRun); i < stop; ++i) {
        low_ += block_[i];
        high_ += low_;
      }
      low_ %= kAdler;
      high_ %= kAdler;
    }
    std::vector<std::uint8_t> data;
    data.reserve(block_.size() + 16);
    if (first_) data = {0x78, 0x01};
    first_ = false;
    const std::uint16_t size = static_cast<std::uint16_t>(block_.size()), turned = static_cast<std::uint16_t>(~size);
    for (const int one : {last ? 1 : 0, size & 255, size >> 8, turned & 255, turned >> 8}) {
      data.push_back(static_cast<std::uint8_t>(one));
    }
    data.insert(data.end(), block_.begin(), block_.end());
    if (last) {
      data.resize(data.size() + 4);
      put(high_ << 16 | low_, data.data() + data.size() - 4);
    }
    chunk("IDAT", data);
    block_.clear();
  }

  std::FILE* stream_;
  std::vector<std::uint8_t> block_;
  std::uint32_t low_ = 1, high_ = 0;
  bool first_ = true, whole_ = true;
};

}  // namespace

std::string write_png(const std::string& path, const Image& image) {
  if (!image.rgb || image.width < 1 || image.height < 1 || (image.channels != 3 && image.channels != 4)) {
    return describe(Status::kBadImage);
  }
  std::FILE* stream = std::fopen(path.c_str(), "wb");
  if (!stream) return harmless(path) + " cannot be written (" + std::strerror(errno) + ")";
  Writer writer(stream);
  writer.head(image);
  const std::uint8_t unfiltered = 0;
  for (int row = 0; row < image.height; ++row) {
    writer.bytes(&unfiltered, 1);
    writer.bytes(image.rgb + static_cast<std::size_t>(row) * image.row_bytes,
                 static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels));
  }
  const bool whole = writer.end();
  const bool closed = std::fclose(stream) == 0;
  return whole && closed ? "" : harmless(path) + " cannot be written whole: is the disk full?";
}

}  // namespace edgekit
