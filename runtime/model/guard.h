// Where exceptions end: no function of the header throws, with exceptions switched off or on.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "../artifact/wording.h"

namespace edgekit {

// Call `work`; an exception becomes a sentence in `error`.
template <typename Work>
void guarded(std::string* error, const Work& work) {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  try {
    work();
  } catch (const std::bad_alloc&) {
    *error = "there is not enough memory";
  } catch (const std::exception& problem) {
    *error = harmless(problem.what(), 300);
  } catch (...) {
    *error = "something failed without a reason";
  }
#else
  (void)error;
  work();
#endif
}

}  // namespace edgekit
