// Distances between packed bits, written once over a level's primitives S.
//
// S has V, a register of kWidth bytes; kRows, how many rows share the query's registers; Load and
// LoadPart (n < kWidth bytes, then zeros), Or, Xor; Counts, into which Count(counts, V) counts
// a register's ones, at most kMostCounted times before Widen(sums, counts) takes them over into
// Sums; and Totals<R>(sums, numbers). A row has at most 65,536 bits, so every sum is exact.
#pragma once

#include "kernels/bits_table.h"
#include "kernels/distance.inc.h"

namespace sagitta::kernels {
namespace {

struct Hamming {
  static constexpr size_t kSums = 1;
  template <class S>
  static typename S::V Term(size_t, typename S::V a, typename S::V b) {
    return S::Xor(a, b);
  }
  static float Key(const uint32_t* sums) { return static_cast<float>(sums[0]); }
};

// 1 − |a∩b| / |a∪b| as |a⊕b| / |a∪b|: one rounding, so that every level gives the same bits.
struct Jaccard {
  static constexpr size_t kSums = 2;
  template <class S>
  static typename S::V Term(size_t sum, typename S::V a, typename S::V b) {
    return sum == 0 ? S::Xor(a, b) : S::Or(a, b);
  }
  static float Key(const uint32_t* sums) {
    return sums[1] == 0 ? 0.0f : static_cast<float>(sums[0]) / static_cast<float>(sums[1]);
  }
};

// The counts of R rows over at most kMostCounted registers.
template <class S, class M, size_t R>
struct RowCounts {
  typename S::Counts of[M::kSums][R];

  RowCounts() {
    SAGITTA_UNROLL for (size_t s = 0; s < M::kSums; ++s) {
      SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) of[s][r] = S::NoCounts();
    }
  }
  void Add(size_t r, typename S::V q, typename S::V x) {
    SAGITTA_UNROLL for (size_t s = 0; s < M::kSums; ++s) {
      of[s][r] = S::Count(of[s][r], M::template Term<S>(s, q, x));
    }
  }
};

template <class S, class M, size_t R>
inline void BitKeys(const uint8_t* query, const uint8_t* const* rows, size_t bytes, float* keys) {
  constexpr size_t kW = S::kWidth;
  typename S::Sums sums[M::kSums][R];
  SAGITTA_UNROLL for (size_t s = 0; s < M::kSums; ++s) {
    SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) sums[s][r] = S::NoSums();
  }
  for (size_t i = 0; i < bytes;) {
    RowCounts<S, M, R> counts;
    const size_t most = i + S::kMostCounted * kW;
    const size_t end = bytes < most ? bytes : most;
    for (; i + kW <= end; i += kW) {
      const auto q = S::Load(query + i);
      SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) counts.Add(r, q, S::Load(rows[r] + i));
    }
    if (kW > 1 && i < end) {
      const size_t rest = end - i;
      const auto q = S::LoadPart(query + i, rest);
      SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
        counts.Add(r, q, S::LoadPart(rows[r] + i, rest));
      }
      i = end;
    }
    SAGITTA_UNROLL for (size_t s = 0; s < M::kSums; ++s) {
      SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
        sums[s][r] = S::Widen(sums[s][r], counts.of[s][r]);
      }
    }
  }
  uint32_t totals[M::kSums][R];
  SAGITTA_UNROLL for (size_t s = 0; s < M::kSums; ++s) S::template Totals<R>(sums[s], totals[s]);
  SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
    uint32_t numbers[M::kSums];
    SAGITTA_UNROLL for (size_t s = 0; s < M::kSums; ++s) numbers[s] = totals[s][r];
    keys[r] = M::Key(numbers);
  }
}

template <class S, class M>
float BitRowRow(const void* a, const void* b, size_t dim) {
  const uint8_t* rows[1] = {static_cast<const uint8_t*>(b)};
  float key;
  BitKeys<S, M, 1>(static_cast<const uint8_t*>(a), rows, PackedBytes(dim), &key);
  return key;
}

template <class S, class M>
float BitQueryRow(const float* query, const void* row, size_t dim) {
  return BitRowRow<S, M>(query, row, dim);
}

template <class S, class M>
void BitQueryMany(const float* query, const void* rows, size_t stride, size_t n, size_t dim,
                  float* keys) {
  constexpr size_t kR = S::kRows;
  const auto* q = reinterpret_cast<const uint8_t*>(query);
  const auto* row = static_cast<const uint8_t*>(rows);
  const size_t bytes = PackedBytes(dim);
  size_t i = 0;
  for (; i + kR <= n; i += kR, row += kR * stride) {
    const uint8_t* group[kR];
    SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) group[r] = row + r * stride;
    if ((n - i) * stride > kBytesAhead) FetchInOrder<kR>{row + kBytesAhead}(0, stride);
    BitKeys<S, M, kR>(q, group, bytes, keys + i);
  }
  for (; i < n; ++i, row += stride) BitKeys<S, M, 1>(q, &row, bytes, keys + i);
}

template <class S, class M>
void BitQueryGather(const float* query, const void* base, size_t stride, const uint32_t* ids,
                    size_t n, size_t dim, float* keys) {
  constexpr size_t kR = S::kRows;
  const auto* q = reinterpret_cast<const uint8_t*>(query);
  const auto row = [first = static_cast<const uint8_t*>(base), stride, ids](size_t i) {
    return first + ids[i] * stride;
  };
  const size_t bytes = PackedBytes(dim);
  const size_t ahead = RowsAhead(bytes);
  size_t fetched = 0;
  for (; fetched < ahead && fetched < n; ++fetched) FetchRow(row(fetched), bytes);
  size_t i = 0;
  for (; i + kR <= n; i += kR) {
    for (const size_t end = fetched + kR < n ? fetched + kR : n; fetched < end; ++fetched) {
      FetchRow(row(fetched), bytes);
    }
    const uint8_t* group[kR];
    SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) group[r] = row(i + r);
    BitKeys<S, M, kR>(q, group, bytes, keys + i);
  }
  for (; i < n; ++i) {
    const uint8_t* last = row(i);
    BitKeys<S, M, 1>(q, &last, bytes, keys + i);
  }
}

template <class S, class M>
constexpr DistanceTable BitDistancesOf() {
  return {BitQueryRow<S, M>, BitQueryMany<S, M>, BitQueryGather<S, M>, BitRowRow<S, M>};
}

template <class S>
constexpr BitTable MakeBitTable() {
  return {{BitDistancesOf<S, Hamming>(), BitDistancesOf<S, Jaccard>()}};
}

}  // namespace
}  // namespace sagitta::kernels
