// What a measured time or size depends on: the processor, its features, the memory that was taken.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace edgekit {

// The processor's features that inference libraries choose kernels by, by the kernel's names for them.
std::vector<std::string> cpu_features();

// Processors that this process may use.
int cpu_count();

// Let this process, and the threads that it starts from now on, run on these processors alone. Returns an empty string, or
// what is wrong.
std::string run_on(const std::vector<int>& processors);

// The highest clock of the processors that this process may use, at this moment, in kHz. 0 where the system does not tell.
std::int64_t highest_clock();

// The largest resident size of this program so far, in bytes (Linux: VmHWM, which a new program starts anew, unlike
// getrusage's figure, which it inherits). 0 where the system does not tell.
std::uint64_t peak_memory();

// What the system says of itself, by name: `system`, `release` and `abi`, as uname has them, and the `model`
// that a board's device tree names.
std::vector<std::pair<std::string, std::string>> system_facts();

}  // namespace edgekit
