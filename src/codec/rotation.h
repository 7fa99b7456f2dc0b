// A pseudo-random rotation of any dimension in O(dim·log dim): signs flipped, then a Hadamard
// transform over the first 2^p ≤ dim elements, and again over the last 2^p, both twice.
//
// After it the elements of any vector are about normally distributed, so that few bits each suffice
// (Yue et al., "RaBitQ", arXiv 2409.09913; the overlapping blocks stand in for Kac's walk).
// Immutable, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sagitta::codec {

class Rotation {
 public:
  Rotation(size_t dim, uint64_t seed);

  size_t dim() const { return dim_; }
  // Rotates `dim` floats in place; lengths stay.
  void Apply(float* v) const;
  // Undoes it.
  void ApplyInverse(float* v) const;

 private:
  static constexpr int kRounds = 4;

  size_t dim_;
  size_t block_;              // 2^p
  std::vector<float> signs_;  // ±1/sqrt(2^p) inside a round's block, ±1 outside: kRounds × dim
};

}  // namespace sagitta::codec
