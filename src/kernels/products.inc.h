// Dot products of many float vectors with many, written once over a level's primitives S: see
// distance.inc.h. A block of vectors with a block of others shares what is loaded.
#pragma once

#include "kernels/distance_table.h"
#include "kernels/elements.inc.h"

namespace sagitta::kernels {
namespace {

// Each product has one chain of additions, whose order does not depend on the block.
template <class S, size_t A, size_t B>
inline void AddProductBlock(const float* a, size_t a_stride, const float* b, size_t b_stride,
                            size_t dim, float* out, size_t out_stride) {
  using F = typename S::F;
  constexpr size_t kW = S::kWidth;
  const auto at = [](const float* v) { return reinterpret_cast<const uint8_t*>(v); };
  F sums[A][B];
  SAGITTA_UNROLL for (size_t i = 0; i < A; ++i) {
    SAGITTA_UNROLL for (size_t j = 0; j < B; ++j) sums[i][j] = S::Zero();
  }
  size_t d = 0;
  for (; d + kW <= dim; d += kW) {
    F x[A];
    SAGITTA_UNROLL for (size_t i = 0; i < A; ++i) x[i] = S::Load(F32{}, at(a + i * a_stride + d));
    SAGITTA_UNROLL for (size_t j = 0; j < B; ++j) {
      const F y = S::Load(F32{}, at(b + j * b_stride + d));
      SAGITTA_UNROLL for (size_t i = 0; i < A; ++i) sums[i][j] = S::MulAdd(x[i], y, sums[i][j]);
    }
  }
  if (kW > 1 && d < dim) {
    SAGITTA_UNROLL for (size_t j = 0; j < B; ++j) {
      const F y = S::LoadPart(F32{}, at(b + j * b_stride + d), dim - d);
      SAGITTA_UNROLL for (size_t i = 0; i < A; ++i) {
        const F x = S::LoadPart(F32{}, at(a + i * a_stride + d), dim - d);
        sums[i][j] = S::MulAdd(x, y, sums[i][j]);
      }
    }
  }
  SAGITTA_UNROLL for (size_t i = 0; i < A; ++i) {
    float products[B];
    S::template Sum<B>(sums[i], products);
    SAGITTA_UNROLL for (size_t j = 0; j < B; ++j) out[i * out_stride + j] += products[j];
  }
}

template <class S, size_t B>
inline void AddProductRows(const ProductRows& a, const float* b, size_t b_stride, size_t dim,
                           float* out, size_t out_stride) {
  // Sums, what they share and the registers that there are.
  constexpr size_t kA = S::kWidth >= 16 ? 4 : 2;
  size_t i = 0;
  for (; i + kA <= a.n; i += kA) {
    AddProductBlock<S, kA, B>(a.data + i * a.stride, a.stride, b, b_stride, dim,
                              out + i * out_stride, out_stride);
  }
  for (; i < a.n; ++i) {
    AddProductBlock<S, 1, B>(a.data + i * a.stride, a.stride, b, b_stride, dim,
                             out + i * out_stride, out_stride);
  }
}

template <class S>
void AddProductsOf(const ProductRows& a, const ProductRows& b, size_t dim, float* out,
                   size_t out_stride) {
  constexpr size_t kB = S::kRows;
  size_t j = 0;
  for (; j + kB <= b.n; j += kB) {
    AddProductRows<S, kB>(a, b.data + j * b.stride, b.stride, dim, out + j, out_stride);
  }
  for (; j < b.n; ++j) {
    AddProductRows<S, 1>(a, b.data + j * b.stride, b.stride, dim, out + j, out_stride);
  }
}

}  // namespace
}  // namespace sagitta::kernels
