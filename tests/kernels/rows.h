// Random rows of any dtype for the tests of the kernels, and what they hold as doubles.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/kernels.h"

namespace sagitta::kernels {

inline constexpr Dtype kAllDtypes[] = {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kI8,
                                       Dtype::kU8};
inline constexpr Metric kAllMetrics[] = {Metric::kL2, Metric::kInnerProduct, Metric::kCosine,
                                         Metric::kL1};
inline constexpr size_t kDims[] = {1,  2,  3,  7,  8,   9,   15,  16,  17,  31,   32,
                                   33, 63, 64, 65, 100, 127, 128, 384, 784, 1023, 1024};

// n values that the dtype can hold about: in [-2, 2), or whole bytes for the integers.
inline std::vector<float> RandomFloats(std::mt19937& random, Dtype dtype, size_t n) {
  std::uniform_real_distribution<float> real(-2.0f, 2.0f);
  std::uniform_int_distribution<int> whole(dtype == Dtype::kI8 ? -128 : 0,
                                           dtype == Dtype::kI8 ? 127 : 255);
  const bool integer = DtypeBytes(dtype) == 1;
  std::vector<float> values(n);
  for (float& v : values) v = integer ? static_cast<float>(whole(random)) : real(random);
  return values;
}

// The scalar conversions have a test of their own against independent arithmetic.
inline std::vector<uint8_t> Encode(Dtype dtype, const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * DtypeBytes(dtype));
  const size_t place = static_cast<size_t>(dtype) - 1;
  TableAt(Level::kScalar).from_float[place](values.data(), bytes.data(), values.size());
  return bytes;
}

inline std::vector<float> Decode(Dtype dtype, const uint8_t* bytes, size_t n) {
  std::vector<float> values(n);
  TableAt(Level::kScalar).to_float[static_cast<size_t>(dtype) - 1](bytes, values.data(), n);
  return values;
}

struct Reference {
  double key = 0;         // in double precision
  double magnitudes = 0;  // the sum of the terms' magnitudes, which the tolerance is relative to
};

inline Reference ReferenceKey(Metric metric, const std::vector<float>& a,
                              const std::vector<float>& b) {
  Reference reference;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    double term = -x * y;
    if (metric == Metric::kL2) term = (x - y) * (x - y);
    if (metric == Metric::kL1) term = std::abs(x - y);
    reference.key += term;
    reference.magnitudes += std::abs(term);
  }
  return reference;
}

}  // namespace sagitta::kernels
