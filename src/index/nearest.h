// NearestTable: which of a few thousand centroids is nearest (L2) to each of many points.
//
// From 16 dimensions on, the distance kernels run over tiles of centroids that fit into L2 cache.
// Below, a kernel call costs more than the arithmetic: centroids are kept transposed, 16 beside one
// another, and compared a vector of them at a time. Find is thread-safe between calls of Set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sagitta::index {

class NearestTable {
 public:
  explicit NearestTable(uint32_t dim) : dim_(dim) {}

  // n × dim, row-major; copied.
  void Set(const float* centroids, size_t n);
  // points: n × dim, row-major. nearest[i], and keys[i] = squared distance to it.
  void Find(const float* points, size_t n, uint32_t* nearest, float* keys) const;

 private:
  void FindNarrow(const float* point, uint32_t* nearest, float* key) const;
  void FindWide(const float* points, size_t n, uint32_t* nearest, float* keys) const;

  const uint32_t dim_;
  size_t count_ = 0;
  std::vector<float> values_;  // wide: row-major; narrow: [block of 16][dim][16]
};

}  // namespace sagitta::index
