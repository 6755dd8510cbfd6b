// In libFuzzer's place, where the compiler has none: changes seeds by chance, for so many runs or seconds.
//   fuzz_image [-runs=N] [-max_total_time=S] [-seed=N] SEED_FILE_OR_FOLDER...
// The input that is being tried lies in ./crash-input until it has gone well.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = std::size_t{1} << 20;

class Mutator {
 public:
  Mutator(std::vector<Bytes> seeds, std::uint64_t seed) : seeds_(std::move(seeds)), random_(seed) {}

  Bytes next() {
    Bytes input = seeds_[below(seeds_.size())];
    for (std::size_t edits = below(6); edits-- > 0;) change(&input);
    if (below(8) == 0) cross(&input);
    return input;
  }

 private:
  std::size_t below(std::size_t most) { return most ? static_cast<std::size_t>(random_() % most) : 0; }

  void change(Bytes* input) {
    static const std::int64_t kValues[] = {0, 1, 2, 127, 128, 255, 256, 32767, 65535, 65536, INT32_MAX, INT32_MIN, -1};
    const std::size_t at = below(input->size() + 1), length = 1 + below(below(8) == 0 ? 64 : 4);
    switch (below(8)) {
      case 0:
        if (at < input->size()) (*input)[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (at < input->size()) (*input)[at] = static_cast<std::uint8_t>(random_());
        break;
      case 2: input->erase(begin(*input, at), begin(*input, at + length)); break;
      case 3: {
        Bytes copy(begin(*input, at), begin(*input, at + length));
        const std::size_t to = below(input->size() + 1);
        if (input->size() + copy.size() < kLongest) input->insert(begin(*input, to), copy.begin(), copy.end());
        break;
      }
      case 4: input->resize(at); break;
      case 5: {  // a number of one to four bytes, in either order
        const std::int64_t value = kValues[below(std::size(kValues))];
        const std::size_t bytes = 1 + below(4);
        const bool big = below(2) != 0;
        for (std::size_t i = 0; i < bytes && at + i < input->size(); ++i) {
          (*input)[at + i] = static_cast<std::uint8_t>(value >> 8 * (big ? bytes - 1 - i : i));
        }
        break;
      }
      case 6: {  // a number as text
        const std::string text = std::to_string(kValues[below(std::size(kValues))]);
        input->erase(begin(*input, at), begin(*input, at + length));
        if (input->size() < kLongest) input->insert(begin(*input, at), text.begin(), text.end());
        break;
      }
      default:
        if (input->size() < kLongest) {
          for (std::size_t i = 0; i < length; ++i) input->insert(begin(*input, at), static_cast<std::uint8_t>(random_()));
        }
    }
  }

  void cross(Bytes* input) {
    const Bytes& other = seeds_[below(seeds_.size())];
    const std::size_t cut = below(input->size() + 1), from = below(other.size() + 1);
    input->resize(cut);
    input->insert(input->end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
  }

  static Bytes::iterator begin(Bytes& input, std::size_t at) {
    return input.begin() + static_cast<std::ptrdiff_t>(std::min(at, input.size()));
  }

  std::vector<Bytes> seeds_;
  std::mt19937_64 random_;
};

Bytes contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

double number(const std::string& word) { return std::atof(word.substr(word.find('=') + 1).c_str()); }

}  // namespace

int main(int count, char** values) {
  double runs = 0, seconds = 0, seed = static_cast<double>(std::random_device{}());
  std::vector<Bytes> seeds;
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    if (word.rfind("-runs=", 0) == 0) {
      runs = number(word);
    } else if (word.rfind("-max_total_time=", 0) == 0) {
      seconds = number(word);
    } else if (word.rfind("-seed=", 0) == 0) {
      seed = number(word);
    } else if (std::filesystem::is_directory(word)) {
      for (const auto& entry : std::filesystem::directory_iterator(word)) seeds.push_back(contents(entry.path()));
    } else {
      seeds.push_back(contents(word));
    }
  }
  if (seeds.empty()) seeds.emplace_back();
  for (const Bytes& one : seeds) LLVMFuzzerTestOneInput(one.data(), one.size());
  Mutator mutator(std::move(seeds), static_cast<std::uint64_t>(seed));
  const auto started = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(); };
  double done = 0;
  for (; (runs <= 0 || done < runs) && (seconds <= 0 || passed() < seconds); ++done) {
    const Bytes input = mutator.next();
    std::ofstream("crash-input", std::ios::binary).write(reinterpret_cast<const char*>(input.data()),
                                                         static_cast<std::streamsize>(input.size()));
    LLVMFuzzerTestOneInput(input.data(), input.size());
    if (runs <= 0 && seconds <= 0) break;
  }
  std::remove("crash-input");
  std::printf("seed %.0f: %.0f runs in %.0f s\n", seed, done, passed());
  return 0;
}
