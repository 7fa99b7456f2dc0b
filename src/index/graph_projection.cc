#include "index/graph_projection.h"

#include <cmath>
#include <random>

#include "codec/rotation.h"
#include "kernels/kernels.h"

namespace sagitta::index {
namespace {

constexpr int kIterations = 8;  // what is left of the wrong directions falls with each
constexpr size_t kBlock = 16;   // directions that are worked on together
// Rows of the sample whose products are summed at a time: with all of their dimensions they fit
// into an L2 cache.
constexpr size_t kSummed = 256;
// Directions beside those that are wanted: the last ones converge slowly.
constexpr size_t kBeside = 16;

// The first `rows` rows of a dense matrix.
kernels::ProductRows Dense(const float* data, size_t dim, size_t rows) { return {data, dim, rows}; }

// dim × dim, of the sample's columns.
Status Covariance(const GraphSample& sample, const BuildContext& context, std::vector<float>* out) {
  const size_t dim = sample.dim, n = sample.n;
  // Of each kSummed rows one column after the other.
  std::vector<float> columns(dim * n);
  for (size_t i = 0; i < n; ++i) {
    const size_t first = i / kSummed * kSummed, count = std::min(kSummed, n - first);
    float* block = columns.data() + first * dim + (i - first);
    for (size_t d = 0; d < dim; ++d) block[d * count] = sample.values[i * dim + d];
  }
  out->assign(dim * dim, 0.0f);
  SAGITTA_RETURN_IF_ERROR(ForBlocks(context, dim, kBlock, [&](size_t begin, size_t end) {
    for (size_t first = 0; first < n; first += kSummed) {
      const size_t count = std::min(kSummed, n - first);
      const float* block = columns.data() + first * dim;
      kernels::AddProducts(Dense(block + begin * count, count, end - begin),
                           Dense(block, count, end), count, out->data() + begin * dim, dim);
    }
  }));
  for (size_t d = 0; d < dim; ++d) {
    for (size_t e = 0; e <= d; ++e) {
      float& value = (*out)[d * dim + e];
      value /= static_cast<float>(n);
      (*out)[e * dim + d] = value;
    }
  }
  return Status();
}

// What rows [first, end) have of the directions of those before is subtracted. `columns` are those
// of the basis, of `rows` elements each.
void SubtractEarlier(std::vector<float>* basis, size_t dim, size_t rows, size_t first, size_t end,
                     const std::vector<float>& columns) {
  const size_t n = end - first;
  std::vector<float> dots(n * first, 0.0f);
  float* block = basis->data() + first * dim;
  kernels::AddProducts(Dense(block, dim, n), Dense(basis->data(), dim, first), dim, dots.data(),
                       first);
  for (float& dot : dots) dot = -dot;
  kernels::AddProducts(Dense(dots.data(), first, n), {columns.data(), rows, dim}, first, block,
                       dim);
}

// Gram and Schmidt's, twice for each row, as once leaves rounding errors behind.
void Orthonormalize(std::vector<float>* basis, size_t dim) {
  const size_t rows = basis->size() / dim;
  std::vector<float> columns(rows * dim), dots(kBlock);
  for (size_t first = 0; first < rows; first += kBlock) {
    const size_t end = std::min(rows, first + kBlock);
    for (int pass = 0; pass < 2; ++pass) {
      SubtractEarlier(basis, dim, rows, first, end, columns);
      for (size_t i = first; i < end; ++i) {
        float* row = basis->data() + i * dim;
        const float* others = basis->data() + first * dim;
        std::fill(dots.begin(), dots.end(), 0.0f);
        kernels::AddProducts(Dense(row, dim, 1), Dense(others, dim, i - first), dim, dots.data(),
                             kBlock);
        for (size_t j = first; j < i; ++j) {
          const float* other = basis->data() + j * dim;
          for (size_t d = 0; d < dim; ++d) row[d] -= dots[j - first] * other[d];
        }
        const float norm = std::sqrt(kernels::SquaredNorm(row, dim));
        const float scale = norm > 0 ? 1.0f / norm : 0.0f;
        for (size_t d = 0; d < dim; ++d) row[d] *= scale;
      }
    }
    for (size_t i = first; i < end; ++i) {
      for (size_t d = 0; d < dim; ++d) columns[d * rows + i] = (*basis)[i * dim + d];
    }
  }
}

// basis × covariance.
Status Multiply(const std::vector<float>& basis, const std::vector<float>& covariance, size_t dim,
                const BuildContext& context, std::vector<float>* out) {
  out->assign(basis.size(), 0.0f);
  return ForBlocks(context, basis.size() / dim, kBlock, [&](size_t begin, size_t end) {
    kernels::AddProducts(Dense(basis.data() + begin * dim, dim, end - begin),
                         Dense(covariance.data(), dim, dim), dim, out->data() + begin * dim, dim);
  });
}

// Turns the rows of a basis into directions of the greatest variance, in falling order;
// `energies` is what each holds of it.
Status Iterate(const std::vector<float>& covariance, size_t dim, const BuildContext& context,
               std::vector<float>* basis, std::vector<double>* energies) {
  std::vector<float> next;
  Orthonormalize(basis, dim);
  for (int i = 0; i < kIterations; ++i) {
    SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
    SAGITTA_RETURN_IF_ERROR(Multiply(*basis, covariance, dim, context, &next));
    basis->swap(next);
    Orthonormalize(basis, dim);
  }
  SAGITTA_RETURN_IF_ERROR(Multiply(*basis, covariance, dim, context, &next));
  energies->assign(basis->size() / dim, 0.0);
  for (size_t i = 0; i < basis->size(); ++i) {
    (*energies)[i / dim] += double{(*basis)[i]} * next[i];
  }
  return Status();
}

// The first of `choices` of which so many directions hold `wanted`; 0 = none does.
uint32_t FirstThatHolds(const std::vector<double>& energies, const std::vector<uint32_t>& choices,
                        double wanted) {
  double held = 0;
  size_t choice = 0;
  for (size_t i = 0; i < energies.size() && choice < choices.size(); ++i) {
    held += energies[i];
    if (i + 1 < choices[choice]) continue;
    if (held >= wanted) return choices[choice];
    ++choice;
  }
  return 0;
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
  double all = 0;
  for (size_t d = 0; d < dim; ++d) all += covariance[d * dim + d];
  std::vector<float> basis;
  std::vector<double> energies;
  std::mt19937_64 random(context.seed);
  // Few directions first: most often they do, and all take several times as long. What was found
  // is where the next attempt begins.
  for (size_t count = choices[0]; energies.size() < choices.back(); count *= 2) {
    const size_t begun = basis.size();
    basis.resize(std::min<size_t>(count + count / 8 + kBeside, choices.back()) * dim);
    for (size_t i = begun; i < basis.size(); ++i) {
      basis[i] = static_cast<float>(random() >> 40) * 0x1p-23f - 1.0f;
    }
    SAGITTA_RETURN_IF_ERROR(Iterate(covariance, dim, context, &basis, &energies));
    out->dims = FirstThatHolds(energies, choices, energy * all);
    if (out->dims == 0) continue;
    basis.resize(out->dims * dim);
    out->basis = std::move(basis);
    Mix(out, dim, context.seed);
    break;
  }
  return Status();
}

}  // namespace sagitta::index
