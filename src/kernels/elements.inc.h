// Tags of element types and metrics, and reading of fewer bytes than a register holds.
//
// Internal linkage: each file that includes this has its own copy, built with its own flags.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Innermost loops over accumulators must vanish, or the accumulators live in memory.
#if defined(__clang__)
#define SAGITTA_UNROLL _Pragma("unroll")
#else
#define SAGITTA_UNROLL _Pragma("GCC unroll 8")
#endif

namespace sagitta::kernels {
namespace {

struct F32 {
  static constexpr size_t kBytes = 4;
  static constexpr bool kInteger = false;
};
struct F16 {
  static constexpr size_t kBytes = 2;
  static constexpr bool kInteger = false;
};
struct Bf16 {
  static constexpr size_t kBytes = 2;
  static constexpr bool kInteger = false;
};
struct I8 {
  static constexpr size_t kBytes = 1;
  static constexpr bool kInteger = true;
};
struct U8 {
  static constexpr size_t kBytes = 1;
  static constexpr bool kInteger = true;
};

struct L2 {
  template <class S>
  static typename S::F Step(typename S::F a, typename S::F b, typename S::F sum) {
    const typename S::F difference = S::Sub(a, b);
    return S::MulAdd(difference, difference, sum);
  }
  static float Key(int32_t total) { return static_cast<float>(total); }
};
// Sums the negated products, so that the sum is the key.
struct InnerProduct {
  template <class S>
  static typename S::F Step(typename S::F a, typename S::F b, typename S::F sum) {
    return S::NegMulAdd(a, b, sum);
  }
  static float Key(int32_t total) { return static_cast<float>(-total); }
};
struct L1 {
  template <class S>
  static typename S::F Step(typename S::F a, typename S::F b, typename S::F sum) {
    return S::Add(sum, S::Abs(S::Sub(a, b)));
  }
  static float Key(int32_t total) { return static_cast<float>(total); }
};

struct SixteenBytes {
  uint64_t low, high;
};

template <class Word>
[[maybe_unused]] inline uint64_t ReadWord(const uint8_t* p) {
  Word word;
  memcpy(&word, p, sizeof(word));
  return word;
}

// The first n bytes of p, then zeros, without reading past p + n: two overlapping words. REQUIRES:
// n ≤ 8.
[[maybe_unused]] inline uint64_t ReadUpTo8(const uint8_t* p, size_t n) {
  if (n >= 8) return ReadWord<uint64_t>(p);
  if (n >= 4) return ReadWord<uint32_t>(p) | ReadWord<uint32_t>(p + n - 4) << (8 * (n - 4));
  if (n >= 2) return ReadWord<uint16_t>(p) | ReadWord<uint16_t>(p + n - 2) << (8 * (n - 2));
  return n == 1 ? *p : 0;
}

// REQUIRES: n ≤ 16.
[[maybe_unused]] inline SixteenBytes ReadUpTo16(const uint8_t* p, size_t n) {
  if (n <= 8) return {ReadUpTo8(p, n), 0};
  return {ReadWord<uint64_t>(p), ReadUpTo8(p + 8, n - 8)};
}

}  // namespace
}  // namespace sagitta::kernels
