// A very sparse random projection: of the dim entries of each of its rows, about sqrt(dim) are not
// 0, and these are ±1 times a constant, so that lengths and dot products stay on average (Li,
// Hastie and Church, "Very sparse random projections", KDD 2006, with s = sqrt(dim)).
// Immutable, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sagitta::codec {

class SparseProjection {
 public:
  // The same for the same numbers, everywhere. REQUIRES: dim, out ≥ 1.
  SparseProjection(uint32_t dim, uint32_t out, uint64_t seed);

  uint32_t out() const { return out_; }
  // y, of out() floats, of dim floats.
  void Apply(const float* x, float* y) const;
  // Its transpose: of `dim` floats, and on average what undoes it.
  void ApplyTransposed(const float* y, float* x) const;
  size_t MemoryBytes() const { return (places_.capacity() + plus_.capacity()) * sizeof(uint16_t); }

 private:
  uint32_t dim_;
  uint32_t out_;
  uint32_t entries_;              // of a row that are not 0
  float scale_;                   // their magnitude
  std::vector<uint16_t> places_;  // out × entries: the positive ones of a row first
  std::vector<uint16_t> plus_;    // how many these are
};

}  // namespace sagitta::codec
