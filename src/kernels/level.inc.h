// Conversions, and the table of a level, written once over its primitives S (see distance.inc.h).
// Here S also has Store(tag, bytes, F): kWidth elements rounded as distance_table.h says.
#pragma once

#include "kernels/distance.inc.h"
#include "kernels/products.inc.h"

namespace sagitta::kernels {
namespace {

template <class S, class From, class To>
void Convert(const uint8_t* from, uint8_t* to, size_t n) {
  constexpr size_t kW = S::kWidth;
  size_t i = 0;
  for (; i + kW <= n; i += kW) {
    S::Store(To{}, to + i * To::kBytes, S::Load(From{}, from + i * From::kBytes));
  }
  if (kW > 1 && i < n) {
    uint8_t last[kW * To::kBytes];
    S::Store(To{}, last, S::LoadPart(From{}, from + i * From::kBytes, n - i));
    memcpy(to + i * To::kBytes, last, (n - i) * To::kBytes);
  }
}

template <class S, class T>
void ConvertToFloat(const void* from, float* to, size_t n) {
  Convert<S, T, F32>(static_cast<const uint8_t*>(from), reinterpret_cast<uint8_t*>(to), n);
}

template <class S, class T>
void ConvertFromFloat(const float* from, void* to, size_t n) {
  Convert<S, F32, T>(reinterpret_cast<const uint8_t*>(from), static_cast<uint8_t*>(to), n);
}

template <class S, class T, class M>
constexpr DistanceTable DistancesOf() {
  RowRowFn row_row = nullptr;
  if constexpr (T::kInteger) {
    row_row = IntegerRowRow<S, T, M>;
  } else {
    row_row = FloatRowRow<S, T, M>;
  }
  return {QueryRow<S, T, M>, QueryMany<S, T, M>, QueryGather<S, T, M>, row_row};
}

template <class S, class T>
constexpr void FillDtype(LevelTable& table, size_t dtype) {
  table.distances[dtype][0] = DistancesOf<S, T, L2>();
  table.distances[dtype][1] = DistancesOf<S, T, InnerProduct>();
  table.distances[dtype][2] = DistancesOf<S, T, L1>();
  table.to_float[dtype] = ConvertToFloat<S, T>;
  table.from_float[dtype] = ConvertFromFloat<S, T>;
}

template <class S>
constexpr LevelTable MakeLevelTable() {
  LevelTable table{};
  FillDtype<S, F32>(table, 0);
  FillDtype<S, F16>(table, 1);
  FillDtype<S, Bf16>(table, 2);
  FillDtype<S, I8>(table, 3);
  FillDtype<S, U8>(table, 4);
  table.squared_norm = SquaredNormOf<S>;
  table.all_finite = AllFiniteOf<S>;
  table.add_products = AddProductsOf<S>;
  return table;
}

}  // namespace
}  // namespace sagitta::kernels
