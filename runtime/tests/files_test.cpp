// Reading what strangers wrote, and turning pictures: what needs no inference library.
#include <cstdio>
#include <locale>
#include <string>
#include <vector>

#include "../artifact/file.h"
#include "../artifact/json.h"
#include "../artifact/safetensors.h"
#include "../artifact/wording.h"
#include "../backends/ncnn_param.h"
#include "../decoding/exif.h"
#include "../decoding/png_writer.h"
#include "../decoding/upright.h"
#include "check.h"

namespace {

using namespace edgekit;

// An app's locale may have a comma for a point.
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

void test_json() {
  JsonDocument document;
  CHECK(read_json("{\"a\": [1, 2.5]}", &document).empty());
  CHECK(read_json("{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}", &document) == "it has the key 'c' twice in one table");
  CHECK(read_json("{\"a\": NaN}", &document).compare(0, 14, "it is not JSON") == 0);
  CHECK(read_json(std::string(41, '[') + std::string(41, ']'), &document) == "its values lie more than 40 deep");
  CHECK(read_json(std::string(40, '[') + std::string(40, ']'), &document).empty());
  CHECK(read_json("\xef\xbb\xbf[1]", &document).empty());
  CHECK(!read_json("[\"\xff\"]", &document).empty());
}

void test_wording() {
  CHECK(harmless("a\nb\x1b[31m") == "a b?[31m");
  CHECK(harmless("d\xc3\xb6g") == "d\xc3\xb6g");
  CHECK(harmless("\xe2\x80\xae" "abc") == "???abc");  // would turn the direction of writing
  CHECK(harmless("\xc3") == "?");
  CHECK(harmless(std::string(300, 'x'), 10) == "xxxxxxxxxx...");
  CHECK(is_name("in0") && !is_name("") && !is_name("a\nb") && !is_name(std::string(201, 'x')));
}

void test_locale() {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  Preprocessing spec;
  CHECK(read_preprocessing("mean = 0.5, 0.25, 0.125\nresize_short = 1024\ncrop = 1000", &spec).empty());
  CHECK(spec.mean[1] == 0.25 && spec.resize_short == 1024);
  CHECK(!read_preprocessing("divide_by = 1.5x", &spec).empty());
  CHECK(!read_preprocessing("divide_by = 0x10", &spec).empty());
  std::locale::global(before);
}

void test_exif() {
  const std::uint8_t little[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
  const std::uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0};
  CHECK(exif_orientation(little, sizeof(little)) == 6);
  CHECK(exif_orientation(big, sizeof(big)) == 8);
  for (std::size_t size = 0; size < sizeof(little); ++size) CHECK(exif_orientation(little, size) == 0);
  const std::string xmp = "<x tiff:Orientation=\"3\"/>";
  CHECK(xmp_orientation(reinterpret_cast<const std::uint8_t*>(xmp.data()), xmp.size()) == 3);
  CHECK(orientation_of(0, 3) == 3 && orientation_of(6, 3) == 6 && orientation_of(0, 0) == 1);
}

// EXIF 2.3: orientation -> what becomes of   1 2 3
//                                            4 5 6
void test_upright() {
  const std::string wanted[] = {"123456", "321654", "654321", "456123", "142536", "415263", "635241", "362514"};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    Picture picture{3, 2, 3, {}};
    picture.pixels.reset(static_cast<std::uint8_t*>(std::malloc(picture.bytes())));
    for (int i = 0; i < 18; ++i) picture.pixels.get()[i] = static_cast<std::uint8_t>('1' + i / 3);
    CHECK(turn_upright(orientation, &picture));
    std::string found;
    for (int i = 0; i < 18; i += 3) found += static_cast<char>(picture.pixels.get()[i]);
    CHECK(found == wanted[orientation - 1]);
    CHECK(picture.width == (orientation >= 5 ? 2 : 3));
  }
}

// What is written is read again, pixel for pixel, whatever lies between the rows; its checksums are looked at.
void test_png() {
  const std::string path = "files_test.png";
  for (const int channels : {3, 4}) {
    // More than two blocks of 65535 bytes.
    const int width = 211, height = 237;
    const std::size_t row = static_cast<std::size_t>(width * channels), gap = 5;
    std::vector<std::uint8_t> pixels((row + gap) * height);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
    CHECK(write_png(path, {pixels.data(), width, height, row + gap, channels}).empty());
    std::string content;
    CHECK(read_file(path, 1 << 20, "image", &content).empty());
    Picture picture;
    CHECK(decode(reinterpret_cast<const std::uint8_t*>(content.data()), content.size(), true, &picture).empty());
    CHECK(picture.width == width && picture.height == height && picture.channels == channels);
    bool same = picture.pixels != nullptr;
    for (std::size_t y = 0; same && y < static_cast<std::size_t>(height); ++y) {
      for (std::size_t x = 0; x < row; ++x) same = same && picture.pixels.get()[y * row + x] == pixels[y * (row + gap) + x];
    }
    CHECK(same);
  }
  std::remove(path.c_str());
  CHECK(!write_png(path, {nullptr, 1, 1, 3, 3}).empty());
  const std::uint8_t black[3] = {};
  CHECK(write_png("/nowhere/frame.png", {black, 1, 1, 3, 3}).compare(0, 37, "/nowhere/frame.png cannot be written ") == 0);
}

void test_safetensors() {
  Tensor tensor = zeros(TensorType::kFloat32, {2, 3});
  tensor.floats()[5] = 1.5f;
  const std::string content = write_safetensors({{"a", tensor}, {"b", zeros(TensorType::kUint8, {3})}});
  Safetensors found;
  CHECK(read_safetensors(content, &found).empty());
  CHECK(found.tensors["a"].floats()[5] == 1.5f && found.tensors["a"].shape == (Shape{2, 3}));
  for (std::size_t size = 0; size < content.size(); ++size) {
    Safetensors cut;
    CHECK(!read_safetensors(content.substr(0, size), &cut).empty());
  }
  CHECK(read_safetensors(content + "x", &found) == "it has bytes that belong to no tensor");
}

void test_param() {
  const std::string head = "7767517\n2 2\n", input = "Input in0 0 1 in0 0=4\n";
  NcnnGraph graph;
  CHECK(read_ncnn_param(head + input + "ReLU r 1 1 in0 out0 0=0.1\n", &graph).empty());
  CHECK(graph.inputs() == std::vector<std::string>{"in0"} && graph.outputs() == std::vector<std::string>{"out0"});
  const auto refused = [&](const std::string& text) {
    NcnnGraph other;
    return !read_ncnn_param(text, &other).empty();
  };
  CHECK(refused("7767518\n2 2\n" + input + "ReLU r 1 1 in0 out0\n"));
  CHECK(refused(head + input));                                             // a layer is missing
  CHECK(refused("7767517\n2 1\n" + input + "ReLU r 1 1 in0 out0\n"));       // a blob more than is said
  CHECK(refused("7767517\n2 2000000000\n" + input + "ReLU r 1 1 in0 b\n"));
  CHECK(refused(head + input + "ReLU r 1 1 nothing out0\n"));               // reads what nothing makes
  CHECK(refused(head + input + "ReLU r 1 1 in0 in0\n"));                    // makes a blob twice
  CHECK(refused(head + input + "ReLU r 1 -1 in0 out0\n"));
  CHECK(refused(head + input + "ReLU r 1 1 in0 out0 99=1\n"));
  CHECK(refused(head + input + "ReLU r 1 1 in0 out0 0=99999999999\n"));
  CHECK(refused(head + input + "ReLU r 1 1 in0 out0 -23300=3,1,2\n"));      // says three values and has two
  CHECK(refused(head + input + "ReLU " + std::string(300, 'r') + " 1 1 in0 out0\n"));
}

}  // namespace

int main() {
  test_json();
  test_wording();
  test_locale();
  test_exif();
  test_upright();
  test_png();
  test_safetensors();
  test_param();
  return failures() ? 1 : 0;
}
