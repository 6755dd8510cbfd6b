#include "folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = std::uintmax_t{256} << 20;

bool is_photo(const fs::path& path) {
  std::string kind = path.extension().string();
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
  return kind == ".jpg" || kind == ".jpeg" || kind == ".png";
}

class Folder : public Frames {
 public:
  explicit Folder(std::vector<fs::path> paths) : paths_(std::move(paths)) {}

  std::string next(Frame* frame, bool* ended) override {
    *ended = at_ == paths_.size();
    if (*ended) return "";
    const fs::path& path = paths_[at_++];
    *frame = Frame();
    frame->name = path.filename().string();
    std::error_code problem;
    if (const std::uintmax_t size = fs::file_size(path, problem); !problem && size > kLargest) return "it is too large";
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return "it cannot be read";
    frame->bytes.assign(std::istreambuf_iterator<char>(stream), {});
    return stream.bad() ? "it cannot be read" : "";
  }

  bool goes_on() const override { return true; }

 private:
  std::vector<fs::path> paths_;
  std::size_t at_ = 0;
};

}  // namespace

std::string open_folder(const std::string& path, std::unique_ptr<Frames>* frames) {
  std::error_code problem;
  std::vector<fs::path> paths;
  for (fs::directory_iterator one(path, problem), end; !problem && one != end; one.increment(problem)) {
    std::error_code odd;
    if (one->is_regular_file(odd) && is_photo(one->path())) paths.push_back(one->path());
  }
  if (problem) return path + " cannot be read as a folder: " + problem.message();
  if (paths.empty()) return path + " holds no JPEG and no PNG file";
  std::sort(paths.begin(), paths.end());
  *frames = std::make_unique<Folder>(std::move(paths));
  return "";
}
