#include "codec/rotation.h"

#include <bit>
#include <cmath>
#include <random>

namespace sagitta::codec {
namespace {

void Hadamard(float* v, size_t n) {
  for (size_t half = 1; half < n; half *= 2) {
    for (size_t block = 0; block < n; block += 2 * half) {
      float* a = v + block;
      float* b = a + half;
      for (size_t i = 0; i < half; ++i) {
        const float x = a[i], y = b[i];
        a[i] = x + y;
        b[i] = x - y;
      }
    }
  }
}

}  // namespace

Rotation::Rotation(size_t dim, uint64_t seed)
    : dim_(dim), block_(std::bit_floor(dim)), signs_(kRounds * dim) {
  std::mt19937_64 random(seed);
  const float scale = 1.0f / std::sqrt(static_cast<float>(block_));
  for (size_t i = 0; i < signs_.size(); ++i) {
    const size_t round = i / dim, place = i % dim;
    const bool inside = round % 2 == 0 ? place < block_ : place >= dim - block_;
    signs_[i] = (random() & 1 ? 1.0f : -1.0f) * (inside ? scale : 1.0f);
  }
}

void Rotation::Apply(float* v) const {
  for (int round = 0; round < kRounds; ++round) {
    const float* signs = signs_.data() + static_cast<size_t>(round) * dim_;
    for (size_t i = 0; i < dim_; ++i) v[i] *= signs[i];
    Hadamard(round % 2 == 0 ? v : v + (dim_ - block_), block_);
  }
}

// Its steps are symmetric (the signs hold the factors), so they are undone in the other order.
void Rotation::ApplyInverse(float* v) const {
  for (int round = kRounds - 1; round >= 0; --round) {
    const float* signs = signs_.data() + static_cast<size_t>(round) * dim_;
    Hadamard(round % 2 == 0 ? v : v + (dim_ - block_), block_);
    for (size_t i = 0; i < dim_; ++i) v[i] *= signs[i];
  }
}

}  // namespace sagitta::codec
