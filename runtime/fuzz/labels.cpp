// Labels and other names of strangers: whatever they hold, what is shown is one line of valid UTF-8, and stays so.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../artifact/json.h"
#include "../artifact/wording.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string shown = edgekit::harmless(text, 200);
  if (edgekit::harmless(shown, 300) != shown) std::abort();
  if (edgekit::is_name(text) && edgekit::harmless(text, 4 * 200) != text) std::abort();
  yyjson_mut_doc* document = yyjson_mut_doc_new(nullptr);
  yyjson_mut_doc_set_root(document, yyjson_mut_strn(document, shown.data(), shown.size()));
  char* written = yyjson_mut_write(document, YYJSON_WRITE_NOFLAG, nullptr);
  if (!written) std::abort();  // the writer refuses what is not UTF-8
  std::free(written);
  yyjson_mut_doc_free(document);
  edgekit::JsonDocument read;
  edgekit::read_json(text, &read);
  return 0;
}
