#include "safetensors.h"

#include <algorithm>
#include <cstring>

#include "json.h"
#include "wording.h"

namespace edgekit {
namespace {

constexpr std::uint64_t kLargestHead = std::uint64_t{16} << 20;
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMostExtents = 8;
constexpr std::size_t kMostTensors = 4096;

// A tensor as the head says it, with its place among the bytes.
struct Place {
  std::string name;
  Tensor tensor;
  std::uint64_t start, stop;
};

std::string misread(const std::string& name, const char* what) {
  return "it has a tensor '" + harmless(name, 60) + "' " + what;
}

bool is_extent(yyjson_val* value) { return yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX; }

std::string read_place(const std::string& name, yyjson_val* entry, std::uint64_t body, Place* place) {
  if (!yyjson_is_obj(entry)) return misread(name, "that is no table");
  place->name = name;
  const std::string type = text_of(yyjson_obj_get(entry, "dtype"));
  if (type != "F32" && type != "U8") return misread(name, "that is neither F32 nor U8");
  place->tensor.type = type == "F32" ? TensorType::kFloat32 : TensorType::kUint8;
  yyjson_val* shape = yyjson_obj_get(entry, "shape");
  if (!yyjson_is_arr(shape) || yyjson_arr_size(shape) > kMostExtents) return misread(name, "without a shape");
  std::size_t index, count;
  yyjson_val* extent;
  yyjson_arr_foreach(shape, index, count, extent) {
    if (!is_extent(extent)) return misread(name, "with an impossible shape");
    place->tensor.shape.push_back(static_cast<std::int64_t>(yyjson_get_uint(extent)));
  }
  yyjson_val* offsets = yyjson_obj_get(entry, "data_offsets");
  if (!yyjson_is_arr(offsets) || yyjson_arr_size(offsets) != 2 || !is_extent(yyjson_arr_get(offsets, 0)) ||
      !is_extent(yyjson_arr_get(offsets, 1))) {
    return misread(name, "without a place");
  }
  place->start = yyjson_get_uint(yyjson_arr_get(offsets, 0));
  place->stop = yyjson_get_uint(yyjson_arr_get(offsets, 1));
  std::uint64_t values = 0;
  if (place->start > place->stop || place->stop > body || !count_of(place->tensor.shape, body, &values) ||
      values * size_of(place->tensor.type) != place->stop - place->start) {
    return misread(name, "whose place and shape do not fit the file");
  }
  return "";
}

}  // namespace

std::string read_safetensors(const std::string& content, Safetensors* found) {
  if (content.size() < kLengthBytes) return "it is cut short";
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(content[i]);
  if (length > kLargestHead || length > content.size() - kLengthBytes) return "it is no safetensors file, or cut short";
  JsonDocument head;
  if (std::string problem = read_json(content.substr(kLengthBytes, length), &head); !problem.empty()) return problem;
  yyjson_val* root = yyjson_doc_get_root(head.get());
  if (!yyjson_is_obj(root) || yyjson_obj_size(root) > kMostTensors) return "it has no table of tensors";
  const std::uint64_t body = content.size() - kLengthBytes - length;
  std::vector<Place> places;
  std::size_t index, count;
  yyjson_val *key, *entry;
  yyjson_obj_foreach(root, index, count, key, entry) {
    const std::string name = text_of(key);
    if (name == "__metadata__") {
      std::size_t i, n;
      yyjson_val *word, *value;
      if (!yyjson_is_obj(entry)) return "it has metadata that is no table";
      yyjson_obj_foreach(entry, i, n, word, value) found->metadata[text_of(word)] = text_of(value);
      continue;
    }
    places.emplace_back();
    if (std::string problem = read_place(name, entry, body, &places.back()); !problem.empty()) return problem;
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.start < b.start; });
  std::uint64_t end = 0;
  for (Place& place : places) {
    if (place.start != end) return misread(place.name, "that overlaps another, or leaves a hole");
    end = place.stop;
    const char* bytes = content.data() + kLengthBytes + length;
    place.tensor.bytes.assign(bytes + place.start, bytes + place.stop);
    found->tensors[place.name] = std::move(place.tensor);
  }
  return end == body ? "" : "it has bytes that belong to no tensor";
}

std::string write_safetensors(const std::vector<std::pair<std::string, Tensor>>& tensors) {
  JsonWriter head(yyjson_mut_doc_new(nullptr));
  yyjson_mut_doc* document = head.get();
  yyjson_mut_val* root = yyjson_mut_obj(document);
  yyjson_mut_doc_set_root(document, root);
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    yyjson_mut_val* entry = yyjson_mut_obj(document);
    yyjson_mut_obj_add_str(document, entry, "dtype", tensor.type == TensorType::kFloat32 ? "F32" : "U8");
    yyjson_mut_val* shape = yyjson_mut_obj_add_arr(document, entry, "shape");
    for (const std::int64_t extent : tensor.shape) yyjson_mut_arr_add_sint(document, shape, extent);
    yyjson_mut_val* offsets = yyjson_mut_obj_add_arr(document, entry, "data_offsets");
    yyjson_mut_arr_add_uint(document, offsets, end);
    end += tensor.bytes.size();
    yyjson_mut_arr_add_uint(document, offsets, end);
    yyjson_mut_obj_add(root, yyjson_mut_strncpy(document, name.data(), name.size()), entry);
  }
  std::string json = written(head, false);
  json.append((kLengthBytes - json.size() % kLengthBytes) % kLengthBytes, ' ');
  std::string content;
  for (std::size_t i = 0; i < kLengthBytes; ++i) content += static_cast<char>(json.size() >> (8 * i) & 255);
  content += json;
  for (const auto& one : tensors) {
    content.append(reinterpret_cast<const char*>(one.second.bytes.data()), one.second.bytes.size());
  }
  return content;
}

}  // namespace edgekit
