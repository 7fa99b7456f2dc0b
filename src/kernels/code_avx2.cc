// Codes with AVX2: a line is two registers.

#include <immintrin.h>

#include "kernels/codes.inc.h"

namespace sagitta::kernels {
namespace {

// The places of the bits of every byte, ascending.
struct BitPlaces {
  uint8_t of[256][8];
};
constexpr BitPlaces MakeBitPlaces() {
  BitPlaces places{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    size_t n = 0;
    for (uint8_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) places.of[byte][n++] = bit;
    }
  }
  return places;
}
constexpr BitPlaces kBitPlaces = MakeBitPlaces();

struct Avx2Codes {
  using Acc = __m256i;
  static constexpr size_t kRows = 4;

  template <size_t kRegisters>
  struct Query {
    __m256i part[kRegisters];
  };

  static Acc Zero() { return _mm256_setzero_si256(); }
  static __m256i Load(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  template <class C>
  static auto LoadQuery(C, const uint8_t* q) {
    Query<C::kQueryLine / 32> query;
    SAGITTA_UNROLL for (size_t i = 0; i < C::kQueryLine / 32; ++i) query.part[i] = Load(q + 32 * i);
    return query;
  }
  static void Widen(Acc& acc, __m256i pairs) {
    acc = _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  // Two products of 127·127 fit into 16 bits, four do not.
  static void Step(ByteCodes, Acc& acc, const uint8_t* row, const Query<2>& q) {
    Widen(acc, _mm256_maddubs_epi16(Load(row), q.part[0]));
    Widen(acc, _mm256_maddubs_epi16(Load(row + 32), q.part[1]));
  }
  // Eight products of 15·127 do.
  static void Step(NibbleCodes, Acc& acc, const uint8_t* row, const Query<4>& q) {
    const __m256i first = Load(row), second = Load(row + 32);
    const __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(Low(first), q.part[0]),
                                         _mm256_maddubs_epi16(Low(second), q.part[1]));
    const __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(High(first), q.part[2]),
                                          _mm256_maddubs_epi16(High(second), q.part[3]));
    Widen(acc, _mm256_add_epi16(low, high));
  }
  // Counts of bits by byte, at most 8 each: weighted before they are widened, 7·8 fits into a byte.
  static void Step(BitCodes, Acc& acc, const uint8_t* row, const Query<8>& q) {
    SAGITTA_UNROLL for (size_t half = 0; half < 2; ++half) {
      const __m256i x = Load(row + 32 * half);
      __m256i counts = CountBits(_mm256_and_si256(x, q.part[4 + half]));
      counts = _mm256_add_epi8(_mm256_add_epi8(counts, counts),
                               CountBits(_mm256_and_si256(x, q.part[2 + half])));
      counts = _mm256_add_epi8(_mm256_add_epi8(counts, counts),
                               CountBits(_mm256_and_si256(x, q.part[half])));
      const __m256i signs = CountBits(_mm256_and_si256(x, q.part[6 + half]));
      acc = _mm256_add_epi32(acc, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
      const __m256i eighths = _mm256_sad_epu8(signs, _mm256_setzero_si256());
      acc = _mm256_sub_epi32(acc, _mm256_slli_epi32(eighths, 3));
    }
  }
  template <size_t R>
  static void Dots(const Acc* accs, int32_t* dots) {
    if constexpr (R == 4) {
      const __m256i ab = _mm256_hadd_epi32(accs[0], accs[1]);
      const __m256i cd = _mm256_hadd_epi32(accs[2], accs[3]);
      const __m256i all = _mm256_hadd_epi32(ab, cd);
      const __m128i sums =
          _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dots), sums);
    } else {
      static_assert(R == 1);
      const __m128i half =
          _mm_add_epi32(_mm256_castsi256_si128(accs[0]), _mm256_extracti128_si256(accs[0], 1));
      const __m128i pairs = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
      dots[0] = _mm_cvtsi128_si32(_mm_add_epi32(pairs, _mm_shuffle_epi32(pairs, 0xb1)));
    }
  }

  static uint32_t Hamming(const void* a, const void* b, size_t bytes) {
    const auto* x = static_cast<const uint8_t*>(a);
    const auto* y = static_cast<const uint8_t*>(b);
    Acc acc = Zero();
    size_t i = 0;
    for (; i + 32 <= bytes; i += 32) {
      const __m256i ones = CountBits(_mm256_xor_si256(Load(x + i), Load(y + i)));
      acc = _mm256_add_epi32(acc, _mm256_sad_epu8(ones, _mm256_setzero_si256()));
    }
    int32_t total;
    Dots<1>(&acc, &total);
    for (; i < bytes; i += 8) {
      const size_t rest = bytes - i;
      total += __builtin_popcountll(ReadUpTo8(x + i, rest) ^ ReadUpTo8(y + i, rest));
    }
    return static_cast<uint32_t>(total);
  }
  static float MaxAbs(const float* v, size_t n) {
    __m256 most = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_loadu_ps(v + i));
      most = _mm256_max_ps(magnitude, most);
    }
    float lanes[8];
    _mm256_storeu_ps(lanes, most);
    float result = 0.0f;
    for (const float lane : lanes) result = lane > result ? lane : result;
    for (; i < n; ++i) {
      const float magnitude = v[i] < 0.0f ? -v[i] : v[i];
      result = magnitude > result ? magnitude : result;
    }
    return result;
  }
  static size_t MoveUp(float* keys, uint32_t* ids, size_t n, float key) {
    const __m256 wanted = _mm256_set1_ps(key);
    while (n >= 8) {
      float* block = keys + (n - 8);
      uint32_t* block_ids = ids + (n - 8);
      const __m256 values = _mm256_loadu_ps(block);
      const __m256 larger = _mm256_cmp_ps(values, wanted, _CMP_GT_OQ);
      const __m256i moved = Load(reinterpret_cast<const uint8_t*>(block_ids));
      _mm256_maskstore_ps(block + 1, _mm256_castps_si256(larger), values);
      _mm256_maskstore_epi32(reinterpret_cast<int*>(block_ids + 1), _mm256_castps_si256(larger),
                             moved);
      const auto lanes = static_cast<unsigned>(_mm256_movemask_ps(larger));
      if (lanes != 255) return n - static_cast<size_t>(__builtin_popcount(lanes));
      n -= 8;
    }
    return MoveUpOneByOne(keys, ids, n, key);
  }
  // 16-bit lanes hold two rows: their sum with the second one 256-fold, and the second one's alone.
  static constexpr size_t kBlocks = 1;
  template <size_t N>
  static void AddTables(const uint8_t* block, size_t stride, const uint32_t* columns, size_t count,
                        const uint8_t* tables, uint32_t* sums) {
    static_assert(N == 1);
    __m256i both[2] = {Zero(), Zero()}, second[2] = {Zero(), Zero()};
    for (size_t j = 0; j < count; ++j, tables += 32) {
      const uint8_t* column = block + kBlockRows * columns[j];
      FetchAhead(column + stride);
      const __m256i pair = Load(tables);
      const __m256i low = _mm256_permute4x64_epi64(pair, 0x44);
      const __m256i high = _mm256_permute4x64_epi64(pair, 0xee);
      SAGITTA_UNROLL for (size_t half = 0; half < 2; ++half) {
        const __m256i x = Load(column + 32 * half);
        const __m256i found = _mm256_add_epi8(_mm256_shuffle_epi8(low, Low(x)),
                                              _mm256_shuffle_epi8(high, High(x)));
        both[half] = _mm256_add_epi16(both[half], found);
        second[half] = _mm256_add_epi16(second[half], _mm256_srli_epi16(found, 8));
      }
    }
    SAGITTA_UNROLL for (size_t half = 0; half < 2; ++half) {
      uint16_t even[16], odd[16];
      const __m256i first = _mm256_sub_epi16(both[half], _mm256_slli_epi16(second[half], 8));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(even), first);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(odd), second[half]);
      for (size_t i = 0; i < 16; ++i) {
        sums[32 * half + 2 * i] += even[i];
        sums[32 * half + 2 * i + 1] += odd[i];
      }
    }
  }
  static uint64_t RowsWithin(const uint32_t* sums, const float* factors, const float* norms,
                             const BlockBound& bound) {
    const __m256 base = _mm256_set1_ps(bound.base), step = _mm256_set1_ps(bound.step);
    const __m256 margin = _mm256_set1_ps(bound.margin), limit = _mm256_set1_ps(bound.limit);
    const __m256 sign = _mm256_set1_ps(-0.0f);
    uint64_t within = 0;
    SAGITTA_UNROLL for (int r = 0; r < 64; r += 8) {
      const auto* part = reinterpret_cast<const __m256i*>(sums + r);
      const __m256 sum = _mm256_cvtepi32_ps(_mm256_loadu_si256(part));
      const __m256 factor =
          factors == nullptr ? _mm256_set1_ps(1.0f) : _mm256_loadu_ps(factors + r);
      const __m256 norm = norms == nullptr ? _mm256_setzero_ps() : _mm256_loadu_ps(norms + r);
      const __m256 product = _mm256_add_ps(base, _mm256_mul_ps(step, sum));
      const __m256 missing = _mm256_mul_ps(margin, _mm256_andnot_ps(sign, factor));
      const __m256 key = _mm256_add_ps(norm, _mm256_mul_ps(factor, product));
      const __m256 near = _mm256_cmp_ps(_mm256_sub_ps(key, missing), limit, _CMP_LE_OQ);
      within |= static_cast<uint64_t>(_mm256_movemask_ps(near)) << r;
    }
    return within;
  }
  // Of the byte's bits, each lane looks at its own.
  static float SumBits(const uint8_t* bits, size_t bytes, const float* weights) {
    const __m256i own = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                      _mm256_setzero_ps()};
    const auto add = [&](__m256& sum, size_t i) {
      const __m256i set = _mm256_and_si256(_mm256_set1_epi32(bits[i]), own);
      const __m256 taken = _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, own));
      sum = _mm256_add_ps(sum, _mm256_and_ps(taken, _mm256_loadu_ps(weights + 8 * i)));
    };
    size_t i = 0;
    for (; i + 4 <= bytes; i += 4) {
      SAGITTA_UNROLL for (size_t j = 0; j < 4; ++j) add(sums[j], i + j);
    }
    for (; i < bytes; ++i) add(sums[0], i);
    const __m256 all =
        _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
    const __m128 half = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    const __m128 pairs = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)));
  }
  static size_t ListWord(uint64_t word, uint32_t base, uint32_t* places) {
    size_t n = 0;
    for (uint32_t at = base; word != 0; word >>= 8, at += 8) {
      const auto bits = static_cast<uint8_t>(word);
      const __m256i offsets = _mm256_cvtepu8_epi32(
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kBitPlaces.of[bits])));
      const __m256i found = _mm256_add_epi32(offsets, _mm256_set1_epi32(static_cast<int>(at)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + n), found);
      n += static_cast<size_t>(__builtin_popcount(bits));
    }
    return n;
  }

 private:
  static __m256i Low(__m256i v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
  static __m256i High(__m256i v) { return Low(_mm256_srli_epi16(v, 4)); }
  static __m256i CountBits(__m256i v) {
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                           0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    return _mm256_add_epi8(_mm256_shuffle_epi8(table, Low(v)), _mm256_shuffle_epi8(table, High(v)));
  }
};

}  // namespace

constinit const CodeTable kAvx2Codes = MakeCodeTable<Avx2Codes>();

}  // namespace sagitta::kernels
