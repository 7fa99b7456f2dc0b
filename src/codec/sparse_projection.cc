#include "codec/sparse_projection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace sagitta::codec {

SparseProjection::SparseProjection(uint32_t dim, uint32_t out, uint64_t seed)
    : dim_(dim),
      out_(out),
      entries_(static_cast<uint32_t>(std::lround(std::sqrt(dim)))),
      scale_(std::sqrt(static_cast<float>(dim) / static_cast<float>(out * entries_))),
      places_(size_t{out} * entries_),
      plus_(out) {
  std::mt19937_64 random(seed);
  std::vector<uint16_t> order(dim);
  std::iota(order.begin(), order.end(), uint16_t{0});
  for (uint32_t row = 0; row < out; ++row) {
    // The beginning of a shuffle (Fisher and Yates): distinct places.
    for (uint32_t i = 0; i < entries_; ++i) {
      std::swap(order[i], order[i + random() % (dim - i)]);
    }
    std::copy_n(order.begin(), entries_, places_.begin() + ptrdiff_t{row} * entries_);
    for (uint32_t i = 0; i < entries_; ++i) plus_[row] += random() & 1;
  }
}

void SparseProjection::Apply(const float* x, float* y) const {
  const uint16_t* places = places_.data();
  for (uint32_t row = 0; row < out_; ++row, places += entries_) {
    float sum = 0;
    for (uint32_t i = 0; i < plus_[row]; ++i) sum += x[places[i]];
    for (uint32_t i = plus_[row]; i < entries_; ++i) sum -= x[places[i]];
    y[row] = sum * scale_;
  }
}

void SparseProjection::ApplyTransposed(const float* y, float* x) const {
  std::fill_n(x, dim_, 0.0f);
  const uint16_t* places = places_.data();
  for (uint32_t row = 0; row < out_; ++row, places += entries_) {
    const float value = y[row] * scale_;
    for (uint32_t i = 0; i < plus_[row]; ++i) x[places[i]] += value;
    for (uint32_t i = plus_[row]; i < entries_; ++i) x[places[i]] -= value;
  }
}

}  // namespace sagitta::codec
