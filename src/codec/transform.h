// Transform: what is done to a vector before it is put on a grid: y = T·(x − mean), with T the
// identity, a random rotation, a matrix with orthonormal rows, or a sparse random projection.
// Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/rotation.h"
#include "codec/sparse_projection.h"
#include "sagitta/status.h"

namespace sagitta::codec {

class Transform {
 public:
  // `mean` has dim numbers, or none for zeros.
  static Transform Identity(uint32_t dim, std::vector<float> mean);
  static Transform Rotated(uint32_t dim, std::vector<float> mean, uint64_t seed);
  // `matrix` is out × dim, row-major, rows orthonormal; out ≤ dim. Kept as f16: it is read for
  // every query, and what is lost is a thousandth of what the shortest codes lose.
  static Transform Linear(uint32_t dim, std::vector<float> mean, const std::vector<float>& matrix);

  // See SparseProjection; `out` may be more than dim. Lengths and angles are right on average only.
  static Transform Sparse(uint32_t dim, std::vector<float> mean, uint32_t out, uint64_t seed);

  // Of these components of a Linear transform.
  Transform Keep(const std::vector<uint32_t>& components) const;

  uint32_t dim() const { return dim_; }
  uint32_t out() const { return out_; }
  // Whether y is turned at random, so that no element of it is like another.
  bool rotates() const { return kind_ == Kind::kRotation; }
  bool has_mean() const { return !mean_.empty(); }
  // 0 without a mean.
  float DotWithMean(const float* x) const;
  // ⟨mean, x − mean⟩.
  float DotOfMeanWithRest(const float* x) const;
  // y, of out() floats, of x; of x alone when `centred` is false. `scratch` is resized.
  void Apply(const float* x, bool centred, std::vector<float>* scratch, float* y) const;
  // The vector whose transform is y, as far as out() numbers tell.
  void Invert(const float* y, float* x) const;
  // |x − mean|².
  float SquaredDistanceToMean(const float* x) const;

  size_t MemoryBytes() const;
  void Serialize(std::string* out) const;
  // False on malformed bytes.
  static bool Deserialize(std::string_view& in, uint32_t dim, Transform* out);

 private:
  // DO NOT CHANGE THE VALUES: stored.
  enum class Kind : uint8_t { kIdentity = 0, kRotation = 1, kMatrix = 2, kSparse = 3 };

  Kind kind_ = Kind::kIdentity;
  uint32_t dim_ = 0;
  uint32_t out_ = 0;
  uint64_t seed_ = 0;
  std::vector<float> mean_;
  std::optional<Rotation> rotation_;
  std::optional<SparseProjection> sparse_;
  std::vector<uint16_t> matrix_;  // f16
};

// Of n rows.
std::vector<float> MeanOf(const float* rows, size_t n, uint32_t dim);

// The principal components of n rows with their mean subtracted: dim × dim, components are rows,
// the one of the largest variance first. INVALID_ARGUMENT when n < dim.
Result<std::vector<float>> PrincipalComponents(const float* rows, size_t n, uint32_t dim);

}  // namespace sagitta::codec
