// Rows of two models that embed the same things, as tests make them up.
#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "learn/matrix.h"
#include "learn/random.h"

namespace sagitta::learn {

inline Matrix NormalRows(size_t n, size_t dim, uint64_t seed) {
  Random random(seed);
  Matrix rows(n, dim);
  for (float& value : rows.values) value = random.Normal();
  return rows;
}

// from·matrixᵀ + bias + noise, of unit length where `unit` says so.
inline Matrix Mapped(const Matrix& from, const Matrix& matrix, float bias, float noise,
                     uint64_t seed, bool unit = false) {
  Random random(seed);
  Matrix out;
  MultiplyT(from, matrix, &out);
  for (float& value : out.values) value += bias + noise * random.Normal();
  if (unit) NormaliseRows(&out);
  return out;
}

inline std::vector<uint32_t> Numbers(size_t n) {
  std::vector<uint32_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

inline double LargestDifference(const Matrix& a, const Matrix& b) {
  double largest = 0;
  for (size_t i = 0; i < a.values.size(); ++i) {
    largest = std::max(largest, std::abs(double{a.values[i]} - b.values[i]));
  }
  return largest;
}

}  // namespace sagitta::learn
