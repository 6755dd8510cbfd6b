#include "machine.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if !defined(_WIN32)
#include <sys/utsname.h>
#endif
#if defined(__linux__) && (defined(__aarch64__) || defined(__arm__))
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace edgekit {
namespace {

struct Feature {
  unsigned long bit;
  const char* name;
};

#if defined(__linux__) && (defined(__aarch64__) || defined(__arm__))
void add(unsigned long given, const std::vector<Feature>& known, std::vector<std::string>* found) {
  for (const Feature& one : known) {
    if (given & one.bit) found->push_back(one.name);
  }
}
#endif

#if defined(__x86_64__) || defined(__i386__)
std::vector<std::string> x86_features() {
  std::vector<std::string> found;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  // What the system does not save (XGETBV) cannot be used, whatever the processor has.
  unsigned low = 0, high = 0;
  if (c & bit_OSXSAVE) __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const bool ymm = (low & 6) == 6, zmm = (low & 0xe6) == 0xe6;
  if (d & bit_SSE2) found.push_back("sse2");
  if (c & bit_SSE4_2) found.push_back("sse4_2");
  if (ymm && c & bit_AVX) found.push_back("avx");
  if (ymm && c & bit_F16C) found.push_back("f16c");
  if (ymm && c & bit_FMA) found.push_back("fma");
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  if (ymm && b & bit_AVX2) found.push_back("avx2");
  if (zmm && b & bit_AVX512F) found.push_back("avx512f");
  if (zmm && c & (1u << 11)) found.push_back("avx512_vnni");
  if (zmm && d & (1u << 23)) found.push_back("avx512_fp16");
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) {
    if (ymm && a & (1u << 4)) found.push_back("avx_vnni");
    if (zmm && a & (1u << 5)) found.push_back("avx512_bf16");
  }
  return found;
}
#endif

}  // namespace

std::vector<std::string> cpu_features() {
#if defined(__x86_64__) || defined(__i386__)
  return x86_features();
#elif defined(__linux__) && defined(__aarch64__)
  std::vector<std::string> found;
  add(getauxval(AT_HWCAP),
      {{HWCAP_ASIMD, "asimd"},
       {HWCAP_ATOMICS, "atomics"},
       {HWCAP_FPHP, "fphp"},
       {HWCAP_ASIMDHP, "asimdhp"},
       {HWCAP_ASIMDDP, "asimddp"},
       {HWCAP_ASIMDFHM, "asimdfhm"},
       {HWCAP_SVE, "sve"}},
      &found);
#if defined(HWCAP2_SVE2)
  add(getauxval(AT_HWCAP2), {{HWCAP2_SVE2, "sve2"}}, &found);
#endif
#if defined(HWCAP2_I8MM) && defined(HWCAP2_BF16)
  add(getauxval(AT_HWCAP2), {{HWCAP2_I8MM, "i8mm"}, {HWCAP2_BF16, "bf16"}}, &found);
#endif
  return found;
#elif defined(__linux__) && defined(__arm__)
  std::vector<std::string> found;
  add(getauxval(AT_HWCAP), {{HWCAP_NEON, "neon"}, {HWCAP_VFPv4, "vfpv4"}, {HWCAP_IDIVA, "idiva"}}, &found);
  return found;
#else
  return {};
#endif
}

int cpu_count() {
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::string run_on(const std::vector<int>& processors) {
#if defined(__linux__)
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  for (const int one : processors) {
    if (one < 0 || one >= CPU_SETSIZE) return "there is no processor " + std::to_string(one);
    CPU_SET(one, &wanted);
  }
  if (sched_setaffinity(0, sizeof(wanted), &wanted) == 0) return "";
  return std::string("this process may not run on the processors asked for (") + std::strerror(errno) + ")";
#else
  return processors.empty() ? "" : "processors cannot be chosen on this system";
#endif
}

std::int64_t highest_clock() {
  std::int64_t highest = 0;
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  for (int one = 0; one < CPU_SETSIZE; ++one) {
    if (!CPU_ISSET(one, &allowed)) continue;
    char path[96], line[32] = {};
    std::snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", one);
    std::FILE* file = std::fopen(path, "r");
    if (!file) continue;
    if (std::fgets(line, sizeof(line), file)) highest = std::max<std::int64_t>(highest, std::strtoll(line, nullptr, 10));
    std::fclose(file);
  }
#endif
  return highest;
}

std::uint64_t peak_memory() {
  std::FILE* status = std::fopen("/proc/self/status", "r");
  if (!status) return 0;
  std::uint64_t bytes = 0;
  char line[256];
  while (std::fgets(line, sizeof(line), status)) {
    if (std::strncmp(line, "VmHWM:", 6) == 0) bytes = std::strtoull(line + 6, nullptr, 10) * 1024;
  }
  std::fclose(status);
  return bytes;
}

std::vector<std::pair<std::string, std::string>> system_facts() {
  std::vector<std::pair<std::string, std::string>> found;
#if !defined(_WIN32)
  utsname names;
  if (uname(&names) == 0) found = {{"system", names.sysname}, {"release", names.release}, {"abi", names.machine}};
#endif
  if (std::FILE* tree = std::fopen("/proc/device-tree/model", "r")) {
    char model[128] = {};
    if (std::fread(model, 1, sizeof(model) - 1, tree) > 0 && model[0]) found.emplace_back("model", model);
    std::fclose(tree);
  }
  return found;
}

}  // namespace edgekit
