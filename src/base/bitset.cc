#include "base/bitset.h"

namespace sagitta::base {
namespace {

using CountFunction = size_t (*)(const uint64_t* words, size_t n);

size_t CountPortably(const uint64_t* words, size_t n) {
  size_t ones = 0;
  for (size_t i = 0; i < n; ++i) ones += static_cast<size_t>(std::popcount(words[i]));
  return ones;
}

// The baseline of x86-64 has no POPCNT: std::popcount is then a call for every word.
#if defined(__x86_64__)
__attribute__((target("popcnt"))) size_t CountByPopcnt(const uint64_t* words, size_t n) {
  size_t ones = 0;
  for (size_t i = 0; i < n; ++i) ones += static_cast<size_t>(__builtin_popcountll(words[i]));
  return ones;
}
#endif

CountFunction ChooseCount() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt")) return CountByPopcnt;
#endif
  return CountPortably;
}

}  // namespace

size_t CountBits(const uint64_t* words, size_t n) {
  static const CountFunction count = ChooseCount();
  return count(words, n);
}

}  // namespace sagitta::base
