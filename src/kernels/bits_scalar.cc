// Packed bits without vector instructions: the reference, and the conversions of every level.

#include "kernels/bits.inc.h"

namespace sagitta::kernels {
namespace {

struct ScalarBits {
  using V = uint64_t;
  using Counts = uint32_t;
  using Sums = uint32_t;
  static constexpr size_t kWidth = 8;
  static constexpr size_t kRows = 1;
  static constexpr size_t kMostCounted = 8192;  // as many as a row has

  static V Load(const uint8_t* p) { return ReadWord<uint64_t>(p); }
  static V LoadPart(const uint8_t* p, size_t n) { return ReadUpTo8(p, n); }
  static V Or(V a, V b) { return a | b; }
  static V Xor(V a, V b) { return a ^ b; }
  static Counts NoCounts() { return 0; }
  static Sums NoSums() { return 0; }
  static Counts Count(Counts counts, V v) {
    return counts + static_cast<uint32_t>(__builtin_popcountll(v));
  }
  static Sums Widen(Sums sums, Counts counts) { return sums + counts; }
  template <size_t R>
  static void Totals(const Sums* sums, uint32_t* totals) {
    for (size_t r = 0; r < R; ++r) totals[r] = sums[r];
  }
};

}  // namespace

constinit const BitTable kScalarBits = MakeBitTable<ScalarBits>();

void UnpackBits(const void* from, float* to, size_t n) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  for (size_t i = 0; i < n; ++i) to[i] = static_cast<float>(bytes[i / 8] >> (i % 8) & 1);
}

void PackBits(const float* from, void* to, size_t n) {
  auto* bytes = static_cast<uint8_t*>(to);
  for (size_t i = 0; i < PackedBytes(n); ++i) bytes[i] = 0;
  for (size_t i = 0; i < n; ++i) {
    if (from[i] > 0.5f) bytes[i / 8] = static_cast<uint8_t>(bytes[i / 8] | 1 << (i % 8));
  }
}

}  // namespace sagitta::kernels
