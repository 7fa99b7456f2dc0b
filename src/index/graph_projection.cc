#include "index/graph_projection.h"

#include <cmath>
#include <random>

#include "codec/rotation.h"
#include "kernels/kernels.h"

namespace sagitta::index {
namespace {

constexpr int kIterations = 8;  // what is left of the wrong directions falls with each
constexpr size_t kBlock = 16;   // rows a worker takes at a time

// −dot products: of one float vector with n rows.
void NegatedDots(const float* vector, const float* rows, size_t n, size_t dim, float* out) {
  kernels::Distances(Dtype::kF32, Metric::kInnerProduct)
      .query_many(vector, rows, dim * sizeof(float), n, dim, out);
}

// dim × dim, of the sample's columns.
Status Covariance(const GraphSample& sample, const BuildContext& context, std::vector<float>* out) {
  const size_t dim = sample.dim, n = sample.n;
  std::vector<float> columns(dim * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t d = 0; d < dim; ++d) columns[d * n + i] = sample.values[i * dim + d];
  }
  out->assign(dim * dim, 0.0f);
  SAGITTA_RETURN_IF_ERROR(ForBlocks(context, dim, kBlock, [&](size_t begin, size_t end) {
    for (size_t d = begin; d < end; ++d) {
      NegatedDots(columns.data() + d * n, columns.data(), d + 1, n, out->data() + d * dim);
    }
  }));
  for (size_t d = 0; d < dim; ++d) {
    for (size_t e = 0; e <= d; ++e) {
      float& value = (*out)[d * dim + e];
      value = -value / static_cast<float>(n);
      (*out)[e * dim + d] = value;
    }
  }
  return Status();
}

// Gram and Schmidt's, twice for each row, as once leaves rounding errors behind.
void Orthonormalize(std::vector<float>* basis, size_t dim) {
  const size_t rows = basis->size() / dim;
  std::vector<float> dots(rows);
  for (size_t i = 0; i < rows; ++i) {
    float* row = basis->data() + i * dim;
    for (int pass = 0; pass < 2; ++pass) {
      NegatedDots(row, basis->data(), i, dim, dots.data());
      for (size_t j = 0; j < i; ++j) {
        const float* other = basis->data() + j * dim;
        for (size_t d = 0; d < dim; ++d) row[d] += dots[j] * other[d];
      }
      const float norm = std::sqrt(kernels::SquaredNorm(row, dim));
      const float scale = norm > 0 ? 1.0f / norm : 0.0f;
      for (size_t d = 0; d < dim; ++d) row[d] *= scale;
    }
  }
}

// basis × covariance.
Status Multiply(const std::vector<float>& basis, const std::vector<float>& covariance, size_t dim,
                const BuildContext& context, std::vector<float>* out) {
  out->resize(basis.size());
  return ForBlocks(context, basis.size() / dim, kBlock, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      float* row = out->data() + i * dim;
      NegatedDots(basis.data() + i * dim, covariance.data(), dim, dim, row);
      for (size_t d = 0; d < dim; ++d) row[d] = -row[d];
    }
  });
}

// Mixes the rows of the basis, column by column.
void Mix(GraphProjection* projection, size_t dim, uint64_t seed) {
  const codec::Rotation rotation(projection->dims, seed);
  std::vector<float> column(projection->dims);
  for (size_t d = 0; d < dim; ++d) {
    for (size_t i = 0; i < projection->dims; ++i) column[i] = projection->basis[i * dim + d];
    rotation.Apply(column.data());
    for (size_t i = 0; i < projection->dims; ++i) projection->basis[i * dim + d] = column[i];
  }
}

}  // namespace

Status TrainProjection(const GraphSample& sample, const std::vector<uint32_t>& choices,
                       double energy, const BuildContext& context, GraphProjection* out) {
  *out = {};
  if (choices.empty() || sample.n == 0) return Status();
  const size_t dim = sample.dim;
  std::vector<float> covariance;
  SAGITTA_RETURN_IF_ERROR(Covariance(sample, context, &covariance));
  std::vector<float> basis(choices.back() * dim), next;
  std::mt19937_64 random(context.seed);
  for (float& v : basis) v = static_cast<float>(random() >> 40) * 0x1p-23f - 1.0f;
  Orthonormalize(&basis, dim);
  for (int i = 0; i < kIterations; ++i) {
    SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
    SAGITTA_RETURN_IF_ERROR(Multiply(basis, covariance, dim, context, &next));
    basis.swap(next);
    Orthonormalize(&basis, dim);
  }
  SAGITTA_RETURN_IF_ERROR(Multiply(basis, covariance, dim, context, &next));
  double all = 0, held = 0;
  for (size_t d = 0; d < dim; ++d) all += covariance[d * dim + d];
  size_t choice = 0;
  for (size_t i = 0; i < basis.size() / dim && choice < choices.size(); ++i) {
    for (size_t d = 0; d < dim; ++d) held += double{basis[i * dim + d]} * next[i * dim + d];
    if (i + 1 < choices[choice]) continue;
    if (held >= energy * all) {
      out->dims = choices[choice];
      basis.resize(out->dims * dim);
      out->basis = std::move(basis);
      Mix(out, dim, context.seed);
      break;
    }
    ++choice;
  }
  return Status();
}

}  // namespace sagitta::index
