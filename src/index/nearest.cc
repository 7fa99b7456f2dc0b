#include "index/nearest.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "kernels/kernels.h"

namespace sagitta::index {
namespace {

constexpr size_t kLanes = 16;
constexpr uint32_t kNarrowDim = 16;
constexpr size_t kTileBytes = 128 * 1024;  // half of the smallest L2 cache in use
constexpr size_t kTileMost = 256;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// GCC's and Clang's portable vectors: plain loops of compare-and-keep are not vectorised.
typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));

Floats Load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

}  // namespace

void NearestTable::Set(const float* centroids, size_t n) {
  count_ = n;
  if (dim_ >= kNarrowDim) {
    values_.assign(centroids, centroids + n * dim_);
    return;
  }
  // Lanes past the end are so far away that none of them is ever nearest.
  values_.assign((n + kLanes - 1) / kLanes * kLanes * dim_, std::numeric_limits<float>::max());
  for (size_t c = 0; c < n; ++c) {
    float* block = values_.data() + c / kLanes * kLanes * dim_ + c % kLanes;
    for (size_t d = 0; d < dim_; ++d) block[d * kLanes] = centroids[c * dim_ + d];
  }
}

void NearestTable::Find(const float* points, size_t n, uint32_t* nearest, float* keys) const {
  if (dim_ >= kNarrowDim) return FindWide(points, n, nearest, keys);
  for (size_t i = 0; i < n; ++i) FindNarrow(points + i * dim_, nearest + i, keys + i);
}

void NearestTable::FindNarrow(const float* point, uint32_t* nearest, float* key) const {
  constexpr size_t kVectors = kLanes / 4;
  Floats best[kVectors];
  Ints best_block[kVectors] = {};
  for (Floats& v : best) v = Floats{kInfinity, kInfinity, kInfinity, kInfinity};
  const auto blocks = static_cast<int32_t>((count_ + kLanes - 1) / kLanes);
  const float* column = values_.data();
  for (int32_t b = 0; b < blocks; ++b) {
    Floats sum[kVectors] = {};
    for (size_t d = 0; d < dim_; ++d, column += kLanes) {
      for (size_t v = 0; v < kVectors; ++v) {
        const Floats difference = point[d] - Load(column + v * 4);
        sum[v] += difference * difference;
      }
    }
    for (size_t v = 0; v < kVectors; ++v) {
      const Ints closer = sum[v] < best[v];
      best[v] = closer ? sum[v] : best[v];
      best_block[v] = (closer & b) | (~closer & best_block[v]);
    }
  }
  *nearest = 0;
  *key = kInfinity;
  for (size_t j = 0; j < kLanes; ++j) {
    const float sum = best[j / 4][j % 4];
    const auto centroid = static_cast<uint32_t>(best_block[j / 4][j % 4] * kLanes + j);
    if (centroid < count_ && (sum < *key || (sum == *key && centroid < *nearest))) {
      *nearest = centroid;
      *key = sum;
    }
  }
}

void NearestTable::FindWide(const float* points, size_t n, uint32_t* nearest, float* keys) const {
  const auto many = kernels::Distances(Dtype::kF32, Metric::kL2).query_many;
  const size_t stride = size_t{dim_} * sizeof(float);
  const size_t tile = std::clamp<size_t>(kTileBytes / stride, 4, kTileMost);
  std::array<float, kTileMost> found;
  std::fill(nearest, nearest + n, 0u);
  std::fill(keys, keys + n, kInfinity);
  for (size_t first = 0; first < count_; first += tile) {
    const size_t centroids = std::min(tile, count_ - first);
    for (size_t i = 0; i < n; ++i) {
      many(points + i * dim_, values_.data() + first * dim_, stride, centroids, dim_, found.data());
      for (size_t c = 0; c < centroids; ++c) {
        if (found[c] >= keys[i]) continue;
        keys[i] = found[c];
        nearest[i] = static_cast<uint32_t>(first + c);
      }
    }
  }
}

}  // namespace sagitta::index
