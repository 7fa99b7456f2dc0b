#include "codec/transform.h"

#include <faiss/VectorTransform.h>

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "codec/floats.h"
#include "codec/openmp.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

constexpr uint32_t kMostSparse = 8'192;      // elements of a sparse projection
constexpr uint32_t kMostSparseDim = 65'536;  // its places are 16 bits

}  // namespace

Transform Transform::Identity(uint32_t dim, std::vector<float> mean) {
  Transform transform;
  transform.dim_ = transform.out_ = dim;
  transform.mean_ = std::move(mean);
  return transform;
}

Transform Transform::Rotated(uint32_t dim, std::vector<float> mean, uint64_t seed) {
  Transform transform = Identity(dim, std::move(mean));
  transform.kind_ = Kind::kRotation;
  transform.seed_ = seed;
  transform.rotation_.emplace(dim, seed);
  return transform;
}

Transform Transform::Linear(uint32_t dim, std::vector<float> mean,
                            const std::vector<float>& matrix) {
  Transform transform = Identity(dim, std::move(mean));
  transform.kind_ = Kind::kMatrix;
  transform.out_ = static_cast<uint32_t>(matrix.size() / dim);
  transform.matrix_.resize(matrix.size());
  kernels::FromFloat(Dtype::kF16)(matrix.data(), transform.matrix_.data(), matrix.size());
  return transform;
}

Transform Transform::Sparse(uint32_t dim, std::vector<float> mean, uint32_t out, uint64_t seed) {
  Transform transform = Identity(dim, std::move(mean));
  transform.kind_ = Kind::kSparse;
  transform.out_ = out;
  transform.seed_ = seed;
  transform.sparse_.emplace(dim, out, seed);
  return transform;
}

float Transform::DotWithMean(const float* x) const {
  if (mean_.empty()) return 0.0f;
  double dot = 0;
  for (uint32_t d = 0; d < dim_; ++d) dot += double{x[d]} * mean_[d];
  return static_cast<float>(dot);
}

float Transform::DotOfMeanWithRest(const float* x) const {
  if (mean_.empty()) return 0.0f;
  double dot = 0;
  for (uint32_t d = 0; d < dim_; ++d) dot += double{mean_[d]} * (double{x[d]} - mean_[d]);
  return static_cast<float>(dot);
}

void Transform::Apply(const float* x, bool centred, std::vector<float>* scratch, float* y) const {
  scratch->assign(x, x + dim_);
  if (centred && !mean_.empty()) {
    for (uint32_t d = 0; d < dim_; ++d) (*scratch)[d] -= mean_[d];
  }
  switch (kind_) {
    case Kind::kRotation:
      rotation_->Apply(scratch->data());
      [[fallthrough]];
    case Kind::kIdentity:
      std::copy_n(scratch->data(), out_, y);
      return;
    case Kind::kMatrix:
      kernels::Distances(Dtype::kF16, Metric::kInnerProduct)
          .query_many(scratch->data(), matrix_.data(), dim_ * sizeof(uint16_t), out_, dim_, y);
      for (uint32_t i = 0; i < out_; ++i) y[i] = -y[i];
      return;
    case Kind::kSparse:
      sparse_->Apply(scratch->data(), y);
  }
}

Transform Transform::Keep(const std::vector<uint32_t>& components) const {
  Transform kept = *this;
  kept.out_ = static_cast<uint32_t>(components.size());
  kept.matrix_.clear();
  for (const uint32_t i : components) {
    const uint16_t* row = matrix_.data() + size_t{i} * dim_;
    kept.matrix_.insert(kept.matrix_.end(), row, row + dim_);
  }
  return kept;
}

void Transform::Invert(const float* y, float* x) const {
  if (kind_ == Kind::kMatrix) {
    std::fill_n(x, dim_, 0.0f);
    std::vector<float> row(dim_);
    for (uint32_t i = 0; i < out_; ++i) {
      kernels::ToFloat(Dtype::kF16)(matrix_.data() + size_t{i} * dim_, row.data(), dim_);
      for (uint32_t d = 0; d < dim_; ++d) x[d] += y[i] * row[d];
    }
  } else if (kind_ == Kind::kSparse) {
    sparse_->ApplyTransposed(y, x);
  } else {
    std::copy_n(y, dim_, x);
    if (kind_ == Kind::kRotation) rotation_->ApplyInverse(x);
  }
  if (mean_.empty()) return;
  for (uint32_t d = 0; d < dim_; ++d) x[d] += mean_[d];
}

float Transform::SquaredDistanceToMean(const float* x) const {
  double sum = 0;
  for (uint32_t d = 0; d < dim_; ++d) {
    const double difference = double{x[d]} - (mean_.empty() ? 0.0f : mean_[d]);
    sum += difference * difference;
  }
  return static_cast<float>(sum);
}

size_t Transform::MemoryBytes() const {
  const size_t signs = rotation_.has_value() ? 4 * size_t{dim_} : 0;
  const size_t sparse = sparse_.has_value() ? sparse_->MemoryBytes() : 0;
  return (mean_.capacity() + signs) * sizeof(float) + matrix_.capacity() * sizeof(uint16_t) +
         sparse;
}

void Transform::Serialize(std::string* out) const {
  out->push_back(static_cast<char>(kind_));
  base::PutLe(*out, seed_);
  PutFloats(mean_, out);
  PutHalves(matrix_, out);
  if (kind_ == Kind::kSparse) base::PutLe(*out, out_);
}

bool Transform::Deserialize(std::string_view& in, uint32_t dim, Transform* out) {
  uint8_t kind;
  uint64_t seed;
  std::vector<float> mean;
  std::vector<uint16_t> matrix;
  if (!base::GetLe(in, &kind) || !base::GetLe(in, &seed) || !GetFloats(in, &mean) ||
      !GetHalves(in, &matrix) || (!mean.empty() && mean.size() != dim)) {
    return false;
  }
  const bool linear = kind == static_cast<uint8_t>(Kind::kMatrix);
  if (!linear && !matrix.empty()) return false;
  if (kind == static_cast<uint8_t>(Kind::kIdentity)) {
    *out = Identity(dim, std::move(mean));
  } else if (kind == static_cast<uint8_t>(Kind::kRotation)) {
    *out = Rotated(dim, std::move(mean), seed);
  } else if (kind == static_cast<uint8_t>(Kind::kSparse)) {
    uint32_t width;
    if (!base::GetLe(in, &width) || width < 1 || width > kMostSparse || dim > kMostSparseDim) {
      return false;
    }
    *out = Sparse(dim, std::move(mean), width, seed);
  } else if (linear && !matrix.empty() && matrix.size() % dim == 0 && matrix.size() / dim <= dim) {
    *out = Linear(dim, std::move(mean), {});
    out->out_ = static_cast<uint32_t>(matrix.size() / dim);
    out->matrix_ = std::move(matrix);
  } else {
    return false;
  }
  return true;
}

std::vector<float> MeanOf(const float* rows, size_t n, uint32_t dim) {
  std::vector<double> sums(dim);
  for (size_t i = 0; i < n; ++i) {
    for (uint32_t d = 0; d < dim; ++d) sums[d] += rows[i * dim + d];
  }
  std::vector<float> mean(dim);
  for (uint32_t d = 0; d < dim; ++d) {
    mean[d] = static_cast<float>(sums[d] / static_cast<double>(std::max<size_t>(n, 1)));
  }
  return mean;
}

Result<std::vector<float>> PrincipalComponents(const float* rows, size_t n, uint32_t dim) {
  if (n < dim) {
    return Status::InvalidArgument("sample",
                                   "has " + std::to_string(n) + " rows; principal components of " +
                                       std::to_string(dim) + " dimensions want at least as many");
  }
  try {
    const OneOpenMpThread one;
    faiss::PCAMatrix pca(static_cast<int>(dim), static_cast<int>(dim));
    pca.max_points_per_d = static_cast<int>(n / dim) + 1;  // the caller has sampled
    pca.train(static_cast<int64_t>(n), rows);
    return pca.PCAMat;
  } catch (const std::bad_alloc&) {
    return Status::ResourceExhausted("no memory is left for principal components");
  } catch (const std::exception& error) {
    return Status::Internal(std::string("principal components: ") + error.what());
  }
}

}  // namespace sagitta::codec
