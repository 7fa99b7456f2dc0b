#include "index/graph_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace sagitta::index {
namespace {

using kernels::CodeKind;

// Below it a row has too few elements for their errors to cancel out, and is short anyway.
constexpr uint32_t kFewestDims = 16;
// Rows that the mean and the directions are learned from.
constexpr size_t kSampleRows = 8192;
constexpr size_t kSampleBytes = size_t{256} << 20;

// A projection pays when it leaves out a fifth of the dimensions. Its covariance costs dim², and
// its matrix is read by every query: a megabyte is what an L2 cache holds.
constexpr uint32_t kMostProjectedDim = 2048;
constexpr size_t kMostMatrixBytes = size_t{1} << 20;
constexpr size_t kFewestLines = 2;  // adjacent-line prefetching makes the second one free
// Of the variance, so that what is left out disturbs about as much as four bits do.
constexpr double kEnergy = 0.95;

// The trial: of the 10 nearest of each of 64 rows among 4,096, how many are among the 40 nearest by
// code. Clustered data that codes suit gives 0.99 and more.
constexpr size_t kTrialQueries = 64;
constexpr size_t kTrialRows = 4096;
constexpr size_t kTrialNearest = 10;
constexpr size_t kTrialKept = 40;
constexpr double kTrialRecall = 0.95;
constexpr size_t kTrialBlock = 64;  // rows that are transformed together

GraphSample DrawSample(const VectorRows& rows, size_t count, std::vector<float>* mean) {
  GraphSample sample;
  sample.dim = rows.dim;
  const size_t most = std::max<size_t>(256, kSampleBytes / (rows.dim * sizeof(float)));
  sample.n = std::min({rows.n, count, most});
  sample.values.resize(sample.n * rows.dim);
  std::vector<double> sums(rows.dim, 0.0);
  const auto to_float = kernels::ToFloat(rows.dtype);
  for (size_t i = 0; i < sample.n; ++i) {
    float* row = sample.values.data() + i * rows.dim;
    to_float(rows.row(i * rows.n / sample.n), row, rows.dim);
    for (uint32_t d = 0; d < rows.dim; ++d) {
      if (!std::isfinite(row[d])) row[d] = 0;
      sums[d] += row[d];
    }
  }
  mean->resize(rows.dim);
  for (uint32_t d = 0; d < rows.dim; ++d) {
    (*mean)[d] = static_cast<float>(sums[d] / static_cast<double>(sample.n));
  }
  for (size_t i = 0; i < sample.n; ++i) {
    float* row = sample.values.data() + i * rows.dim;
    for (uint32_t d = 0; d < rows.dim; ++d) row[d] -= (*mean)[d];
  }
  return sample;
}

std::vector<uint32_t> ProjectionChoices(CodeKind kind, uint32_t dim) {
  std::vector<uint32_t> choices;
  if (dim > kMostProjectedDim || kind == CodeKind::kBit) return choices;
  const size_t line_bytes = QueryTransform::MatrixFormat(dim).row_bytes();
  for (size_t lines = kFewestLines;; ++lines) {
    const uint32_t dims = CodeFormat::DimsOfLines(kind, lines);
    if (dims > dim / 5 * 4 || dims * line_bytes > kMostMatrixBytes) return choices;
    choices.push_back(dims);
  }
}

// The places of the `count` smallest keys.
std::vector<uint32_t> Smallest(const std::vector<float>& keys, size_t count) {
  std::vector<uint32_t> places(keys.size());
  std::iota(places.begin(), places.end(), 0u);
  count = std::min(count, places.size());
  std::partial_sort(
      places.begin(), places.begin() + static_cast<ptrdiff_t>(count), places.end(),
      [&](uint32_t a, uint32_t b) { return keys[a] != keys[b] ? keys[a] < keys[b] : a < b; });
  places.resize(count);
  return places;
}

// How many of the nearest rows of the sample codes of this model find.
double TrialRecall(const GraphSample& sample, const GraphModel& model) {
  const CodeFormat format = model.Format();
  const codec::Rotation rotation(model.dims, model.seed);
  const size_t n = std::min(sample.n, kTrialRows), dim = sample.dim;
  AlignedBytes codes(n * format.row_bytes());
  std::vector<float> centred, y(kTrialBlock * model.dims);
  for (size_t first = 0; first < n; first += kTrialBlock) {
    const size_t count = std::min(kTrialBlock, n - first);
    centred.assign(sample.row(first), sample.row(first) + count * dim);
    model.Apply(&rotation, centred.data(), count, y.data());
    for (size_t i = 0; i < count; ++i) {
      format.Encode(y.data() + i * model.dims, kernels::SquaredNorm(sample.row(first + i), dim),
                    codes.data() + (first + i) * format.row_bytes());
    }
  }
  const auto exact = kernels::Distances(Dtype::kF32, Metric::kL2).query_many;
  std::vector<float> true_keys(n), keys(n);
  CodeQueryBuffer buffer;
  size_t hits = 0, wanted = 0;
  for (size_t q = 0; q < std::min(n, kTrialQueries); ++q) {
    const float* query = sample.row(q * n / std::min(n, kTrialQueries));
    exact(query, sample.values.data(), dim * sizeof(float), n, dim, true_keys.data());
    centred.assign(query, query + dim);
    model.Apply(&rotation, centred.data(), 1, y.data());
    format.FloatQuery(y.data(), CodeKey{}, &buffer);
    kernels::Codes().many[static_cast<size_t>(model.kind)](buffer.query, codes.data(), n,
                                                           keys.data());
    const std::vector<uint32_t> nearest = Smallest(true_keys, kTrialNearest);
    const std::vector<uint32_t> kept = Smallest(keys, kTrialKept);
    const float worst = true_keys[nearest.back()];
    const auto good =
        std::count_if(kept.begin(), kept.end(), [&](uint32_t i) { return true_keys[i] <= worst; });
    hits += std::min(static_cast<size_t>(good), nearest.size());
    wanted += nearest.size();
  }
  return static_cast<double>(hits) / static_cast<double>(std::max<size_t>(1, wanted));
}

void EncodeMatrix(GraphModel* model) {
  const CodeFormat format = QueryTransform::MatrixFormat(model->dim);
  model->matrix = AlignedBytes(model->dims * format.row_bytes());
  for (size_t i = 0; i < model->dims; ++i) {
    format.Encode(model->basis.data() + i * model->dim, 0.0f,
                  model->matrix.data() + i * format.row_bytes());
  }
}

}  // namespace

QueryTransform::QueryTransform(GraphTransform kind, uint32_t dim, uint32_t dims, uint64_t seed,
                               std::span<const float> mean, std::span<const uint8_t> matrix)
    : kind_(kind), dim_(dim), dims_(dims), mean_(mean), matrix_(matrix) {
  if (kind == GraphTransform::kRotation) rotation_.emplace(dims, seed);
}

void QueryTransform::Apply(const float* query, CodeQueryBuffer* buffer, std::vector<float>* centred,
                           float* y) const {
  centred->resize(dim_);
  for (uint32_t d = 0; d < dim_; ++d) (*centred)[d] = query[d] - mean_[d];
  if (kind_ == GraphTransform::kRotation) {
    rotation_->Apply(centred->data());
    std::copy(centred->begin(), centred->end(), y);
    return;
  }
  MatrixFormat(dim_).FloatQuery(centred->data(), CodeKey{0.0f, 1.0f}, buffer);
  kernels::Codes().many[static_cast<size_t>(CodeKind::kByte)](buffer->query, matrix_.data(), dims_,
                                                              y);
}

void GraphModel::Apply(const codec::Rotation* rotation, float* centred, size_t n, float* y) const {
  if (transform == GraphTransform::kRotation) {
    for (size_t i = 0; i < n; ++i) rotation->Apply(centred + i * dim);
    std::copy(centred, centred + n * dim, y);
    return;
  }
  std::fill(y, y + n * dims, 0.0f);
  kernels::AddProducts({centred, dim, n}, {basis.data(), dim, dims}, dim, y, dims);
}

Status TrainGraphModel(const VectorRows& rows, uint32_t code_bits, const BuildContext& context,
                       GraphModel* out) {
  *out = {};
  out->dim = rows.dim;
  out->code_bits = code_bits;
  out->seed = context.seed;
  if (rows.metric == Metric::kL1 || rows.dim < kFewestDims) return Status();
  const GraphSample sample = DrawSample(rows, kSampleRows, &out->mean);
  out->kind = code_bits == 8   ? CodeKind::kByte
              : code_bits == 4 ? CodeKind::kNibble
                               : CodeKind::kBit;
  GraphProjection projection;
  SAGITTA_RETURN_IF_ERROR(TrainProjection(sample, ProjectionChoices(out->kind, rows.dim), kEnergy,
                                          context, &projection));
  if (projection.dims != 0) {
    out->transform = GraphTransform::kProjection;
    out->dims = projection.dims;
    out->basis = std::move(projection.basis);
    EncodeMatrix(out);
    if (TrialRecall(sample, *out) >= kTrialRecall) return Status();
    out->basis.clear();
    out->matrix = AlignedBytes();
  }
  out->transform = GraphTransform::kRotation;
  out->dims = rows.dim;
  // One bit was asked for with its consequences; what it misses, a wider rerank makes up for.
  if (out->kind == CodeKind::kBit || TrialRecall(sample, *out) >= kTrialRecall) return Status();
  out->kind = CodeKind::kByte;
  if (TrialRecall(sample, *out) >= kTrialRecall) return Status();
  out->transform = GraphTransform::kNone;
  out->dims = 0;
  out->mean.clear();
  return Status();
}

bool GraphModelSuits(const GraphModel& model, const VectorRows& rows, uint32_t code_bits) {
  if (model.transform == GraphTransform::kNone || model.dim != rows.dim ||
      model.code_bits != code_bits) {
    return false;
  }
  std::vector<float> mean;
  GraphSample sample = DrawSample(rows, kTrialRows, &mean);
  for (size_t i = 0; i < sample.n; ++i) {
    float* row = sample.values.data() + i * rows.dim;
    for (uint32_t d = 0; d < rows.dim; ++d) row[d] += mean[d] - model.mean[d];
  }
  return model.kind == CodeKind::kBit || TrialRecall(sample, model) >= kTrialRecall;
}

}  // namespace sagitta::index
