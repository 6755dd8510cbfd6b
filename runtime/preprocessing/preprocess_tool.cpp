// Preprocesses photos from the command line, for tests:
//   preprocess_tool SPEC OUT PHOTO.ppm...     OUT: one float32 tensor [C, H, W] per photo, one after the other
//   preprocess_tool --levels SPEC OUT ...     OUT: one uint8 crop [H, W, C] per photo
//   preprocess_tool --benchmark N SPEC PHOTO  median milliseconds of N runs, on stdout
// SPEC holds "key = value" lines as in a manifest's `preprocessing`; photos are binary PPM (P6, 8 bits), or
// PAM of four channels (P7, 8 bits) as RGBA.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "preprocess.h"

namespace {

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "preprocess_tool: %s\n", message.c_str());
  std::exit(2);
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Photo {
  std::string bytes;
  edgekit::Image image;
};

// A P6 file without comments, as Pillow and ImageMagick write it, or a P7 file of RGB_ALPHA.
Photo read_photo(const std::string& path) {
  Photo photo;
  photo.bytes = contents(path);
  std::istringstream header(photo.bytes.substr(0, 128));
  std::string magic, word;
  long width = 0, height = 0, channels = 3, largest = 0;
  header >> magic;
  if (magic == "P7") {
    while (header >> word && word != "ENDHDR") {
      if (word == "TUPLTYPE") {
        header >> word;
      } else {
        header >> (word == "WIDTH" ? width : word == "HEIGHT" ? height : word == "DEPTH" ? channels : largest);
      }
    }
  } else {
    header >> width >> height >> largest;
  }
  const bool sized = width >= 1 && height >= 1 && width <= 1 << 15 && height <= 1 << 15;
  const bool known = (magic == "P6" && channels == 3) || (magic == "P7" && channels == 4);
  if (!header || !known || largest != 255 || !sized) fail(path + " is not a P6 or P7 file of 8 bits");
  const std::size_t start = static_cast<std::size_t>(header.tellg()) + 1;
  const std::size_t row_bytes = static_cast<std::size_t>(channels * width);
  if (photo.bytes.size() < start + row_bytes * height) fail(path + " is cut short");
  photo.image = {reinterpret_cast<const std::uint8_t*>(photo.bytes.data()) + start, static_cast<int>(width),
                 static_cast<int>(height), row_bytes, static_cast<int>(channels)};
  return photo;
}

void check(edgekit::Status status, const std::string& path) {
  if (status != edgekit::Status::kOk) fail(path + ": " + edgekit::describe(status));
}

double median_milliseconds(const Photo& photo, const edgekit::Preprocessing& spec, float* tensor, int runs) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto started = std::chrono::steady_clock::now();
    check(edgekit::preprocess(photo.image, spec, tensor), "the photo");
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int count, char** values) {
  std::vector<std::string> arguments(values + 1, values + count);
  bool levels = false;
  int runs = 0;
  if (!arguments.empty() && arguments[0] == "--levels") {
    levels = true;
    arguments.erase(arguments.begin());
  } else if (arguments.size() > 1 && arguments[0] == "--benchmark") {
    runs = std::max(1, std::atoi(arguments[1].c_str()));
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  if (arguments.size() < (runs ? 2 : 3)) {
    fail("usage: preprocess_tool [--levels | --benchmark N] SPEC [OUT] PHOTO.ppm...");
  }

  edgekit::Preprocessing spec;
  const std::string problem = edgekit::read_preprocessing(contents(arguments[0]), &spec);
  if (!problem.empty()) fail(arguments[0] + ": " + problem);
  const std::size_t size =
      static_cast<std::size_t>(edgekit::channels_of(spec)) * spec.crop.height * spec.crop.width;
  std::vector<float> tensor(size);
  if (runs) {
    std::printf("%.4f\n", median_milliseconds(read_photo(arguments[1]), spec, tensor.data(), runs));
    return 0;
  }
  std::vector<std::uint8_t> crop(size);
  std::ofstream out(arguments[1], std::ios::binary);
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const Photo photo = read_photo(arguments[i]);
    if (levels) {
      check(edgekit::cropped_levels(photo.image, spec, crop.data()), arguments[i]);
      out.write(reinterpret_cast<const char*>(crop.data()), static_cast<std::streamsize>(size));
    } else {
      check(edgekit::preprocess(photo.image, spec, tensor.data()), arguments[i]);
      out.write(reinterpret_cast<const char*>(tensor.data()), static_cast<std::streamsize>(size * sizeof(float)));
    }
  }
  out.close();
  if (!out) fail("cannot write " + arguments[1]);
  return 0;
}
