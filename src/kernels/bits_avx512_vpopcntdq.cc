// Packed bits with VPOPCNTQ.

#include "kernels/bits_avx512.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512VpopcntdqBits : Avx512BitsBase {
  static constexpr size_t kMostCounted = 8192;  // more than a row has: no carrying over

  static Counts Count(Counts counts, V v) {
    return _mm512_add_epi64(counts, _mm512_popcnt_epi64(v));
  }
  static Sums Widen(Sums sums, Counts counts) { return _mm512_add_epi64(sums, counts); }
};

}  // namespace

constinit const BitTable kAvx512VpopcntdqBits = MakeBitTable<Avx512VpopcntdqBits>();

}  // namespace sagitta::kernels
