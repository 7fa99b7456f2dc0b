// The distance algorithms, written once over a level's primitives S.
//
// S has F, a register of kWidth floats, kRows, how many rows share the query's registers, Load and
// LoadPart (fewer than kWidth elements, then zeros) for each element tag, Zero, Add, Sub, Abs,
// MulAdd, NegMulAdd and Sum<R>; and for exact integers Bytes, IntSums, IntStep and IntTotal. A zero
// in both operands adds nothing in every metric, so tails are padded with zeros.
//
// The order of a row's additions is the same whatever R is: accumulator k takes every fourth
// register, and Sum<1> adds in the tree of Sum<R>. So a key has the same bits from every entry
// point.
#pragma once

#include "kernels/distance_table.h"
#include "kernels/elements.inc.h"

namespace sagitta::kernels {
namespace {

// Four chains hide the latency of a fused multiply-add (4 cycles, two a cycle, one load each).
constexpr size_t kChains = 4;

// How RowKeys fetches later rows while it reads the current ones. A burst of whole rows fills the
// queue of misses and stalls the arithmetic behind it; a few lines between sums do not. Measured on
// Zen 5, where a plain loop reads memory in order at 30 GB/s: random rows of 768 bytes go from 11
// to 20 GB/s, of 3,072 from 20 to 28. To L1 (T0), 8 KiB ahead: T1 was up to 20 % slower, and twice
// as far no faster.
constexpr size_t kLine = 64;
constexpr size_t kBytesAhead = 8192;

struct FetchNothing {
  void operator()(size_t, size_t) const {}
};

// The same bytes, [from, to), of R later rows anywhere.
template <size_t R>
struct FetchRows {
  const uint8_t* rows[R];
  void operator()(size_t from, size_t to) const {
    for (size_t offset = from; offset < to; offset += kLine) {
      SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) __builtin_prefetch(rows[r] + offset, 0, 3);
    }
  }
};

// What follows in memory, in order, as much as R rows advance: rows of 512 bytes go from 14 to 39
// GB/s, as the hardware's own streams are lost among several short rows.
template <size_t R>
struct FetchInOrder {
  const uint8_t* next;
  void operator()(size_t from, size_t to) const {
    for (size_t offset = from * R; offset < to * R; offset += kLine) {
      __builtin_prefetch(next + offset, 0, 3);
    }
  }
};

template <class S, class Q, class T, class M, size_t R, class Fetch>
inline void RowKeys(const uint8_t* query, const uint8_t* const* rows, size_t dim, float* keys,
                    Fetch fetch) {
  using F = typename S::F;
  constexpr size_t kW = S::kWidth;
  F sums[R][kChains];
  SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
    SAGITTA_UNROLL for (size_t k = 0; k < kChains; ++k) sums[r][k] = S::Zero();
  }
  size_t i = 0;
  for (; i + kChains * kW <= dim; i += kChains * kW) {
    fetch(i * T::kBytes, (i + kChains * kW) * T::kBytes);
    SAGITTA_UNROLL for (size_t k = 0; k < kChains; ++k) {
      const F q = S::Load(Q{}, query + (i + k * kW) * Q::kBytes);
      SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
        const F x = S::Load(T{}, rows[r] + (i + k * kW) * T::kBytes);
        sums[r][k] = M::template Step<S>(q, x, sums[r][k]);
      }
    }
  }
  fetch(i * T::kBytes, dim * T::kBytes);
  SAGITTA_UNROLL for (size_t k = 0; k + 1 < kChains; ++k) {
    if (i + kW > dim) break;
    const F q = S::Load(Q{}, query + i * Q::kBytes);
    SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
      sums[r][k] = M::template Step<S>(q, S::Load(T{}, rows[r] + i * T::kBytes), sums[r][k]);
    }
    i += kW;
  }
  if (kW > 1 && i < dim) {
    const F q = S::LoadPart(Q{}, query + i * Q::kBytes, dim - i);
    SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
      const F x = S::LoadPart(T{}, rows[r] + i * T::kBytes, dim - i);
      sums[r][kChains - 1] = M::template Step<S>(q, x, sums[r][kChains - 1]);
    }
  }
  F totals[R];
  SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
    totals[r] = S::Add(S::Add(sums[r][0], sums[r][1]), S::Add(sums[r][2], sums[r][3]));
  }
  S::template Sum<R>(totals, keys);
}

template <class S, class Q, class T, class M>
inline float OneKey(const void* query, const void* row, size_t dim) {
  const uint8_t* rows[1] = {static_cast<const uint8_t*>(row)};
  float key;
  RowKeys<S, Q, T, M, 1>(static_cast<const uint8_t*>(query), rows, dim, &key, FetchNothing{});
  return key;
}

template <class S, class T, class M>
float QueryRow(const float* query, const void* row, size_t dim) {
  return OneKey<S, F32, T, M>(query, row, dim);
}

template <class S, class T, class M>
void QueryMany(const float* query, const void* rows, size_t stride, size_t n, size_t dim,
               float* keys) {
  constexpr size_t kR = S::kRows;
  const auto* q = reinterpret_cast<const uint8_t*>(query);
  const auto* row = static_cast<const uint8_t*>(rows);
  const bool dense = stride < 2 * dim * T::kBytes;
  size_t i = 0;
  for (; i + kR <= n; i += kR, row += kR * stride) {
    const uint8_t* group[kR];
    SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) group[r] = row + r * stride;
    if (dense && (n - i) * stride > kBytesAhead) {
      RowKeys<S, F32, T, M, kR>(q, group, dim, keys + i, FetchInOrder<kR>{row + kBytesAhead});
    } else {
      RowKeys<S, F32, T, M, kR>(q, group, dim, keys + i, FetchNothing{});
    }
  }
  for (; i < n; ++i, row += stride) keys[i] = OneKey<S, F32, T, M>(query, row, dim);
}

inline void FetchRow(const uint8_t* row, size_t bytes) {
  constexpr size_t kMostBytes = 4096;  // a page; what follows comes by the hardware's own streams
  const size_t end = bytes < kMostBytes ? bytes : kMostBytes;
  for (size_t offset = 0; offset < end; offset += kLine) __builtin_prefetch(row + offset, 0, 3);
}

// Rows to have under way: enough to cover the memory's latency, few enough to stay in L1.
inline size_t RowsAhead(size_t row_bytes) {
  constexpr size_t kFewest = 4, kMost = 64;
  const size_t rows = kBytesAhead / (row_bytes + 1);
  return rows < kFewest ? kFewest : rows > kMost ? kMost : rows;
}

template <class S, class T, class M>
void QueryGather(const float* query, const void* base, size_t stride, const uint32_t* ids, size_t n,
                 size_t dim, float* keys) {
  constexpr size_t kR = S::kRows;
  const auto* q = reinterpret_cast<const uint8_t*>(query);
  const auto row = [first = static_cast<const uint8_t*>(base), stride, ids](size_t i) {
    return first + ids[i] * stride;
  };
  const size_t row_bytes = dim * T::kBytes;
  const size_t ahead = RowsAhead(row_bytes);
  size_t fetched = 0;
  for (; fetched < ahead && fetched < n; ++fetched) FetchRow(row(fetched), row_bytes);
  size_t i = 0;
  for (; i + kR <= n; i += kR) {
    const uint8_t* group[kR];
    SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) group[r] = row(i + r);
    if (fetched + kR <= n) {
      FetchRows<kR> later;
      SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) later.rows[r] = row(fetched + r);
      RowKeys<S, F32, T, M, kR>(q, group, dim, keys + i, later);
      fetched += kR;
    } else {
      for (; fetched < n; ++fetched) FetchRow(row(fetched), row_bytes);
      RowKeys<S, F32, T, M, kR>(q, group, dim, keys + i, FetchNothing{});
    }
  }
  for (; i < n; ++i) keys[i] = OneKey<S, F32, T, M>(query, row(i), dim);
}

template <class S, class T, class M>
float FloatRowRow(const void* a, const void* b, size_t dim) {
  return OneKey<S, T, T, M>(a, b, dim);
}

template <class S, class T, class M>
float IntegerRowRow(const void* a, const void* b, size_t dim) {
  const auto* x = static_cast<const uint8_t*>(a);
  const auto* y = static_cast<const uint8_t*>(b);
  constexpr size_t kW = S::kBytesWidth;
  typename S::IntSums even = S::IntZero(), odd = S::IntZero();
  size_t i = 0;
  for (; i + 2 * kW <= dim; i += 2 * kW) {
    S::IntStep(T{}, M{}, S::LoadBytes(x + i), S::LoadBytes(y + i), even);
    S::IntStep(T{}, M{}, S::LoadBytes(x + i + kW), S::LoadBytes(y + i + kW), odd);
  }
  if (i + kW <= dim) {
    S::IntStep(T{}, M{}, S::LoadBytes(x + i), S::LoadBytes(y + i), even);
    i += kW;
  }
  if (kW > 1 && i < dim) {
    const size_t rest = dim - i;
    S::IntStep(T{}, M{}, S::LoadBytesPart(x + i, rest), S::LoadBytesPart(y + i, rest), odd);
  }
  return M::Key(S::IntTotal(T{}, M{}, even, odd));
}

template <class S>
float SquaredNormOf(const float* v, size_t dim) {
  return -OneKey<S, F32, F32, InnerProduct>(v, v, dim);
}

// v·0 is zero for what is finite and NaN for the rest, and NaN stays in a sum.
struct TimesZero {
  template <class S>
  static typename S::F Step(typename S::F a, typename S::F, typename S::F sum) {
    return S::MulAdd(a, S::Zero(), sum);
  }
};

template <class S>
bool AllFiniteOf(const float* v, size_t dim) {
  return OneKey<S, F32, F32, TimesZero>(v, v, dim) == 0.0f;
}

}  // namespace
}  // namespace sagitta::kernels
