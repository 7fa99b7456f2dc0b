#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "codec/grid_codec.h"

namespace sagitta::codec {
namespace {

constexpr float kLeastDeviation = 1e-12f;  // of a dimension whose values are all alike

// By dimension of n rows of `dims` numbers.
struct Spread {
  std::vector<float> mean, deviation, least, most;
};

Spread SpreadOf(const std::vector<float>& y, size_t n, size_t dims) {
  Spread spread;
  spread.mean.assign(dims, 0.0f);
  spread.deviation.assign(dims, 0.0f);
  spread.least.assign(y.begin(), y.begin() + static_cast<ptrdiff_t>(dims));
  spread.most = spread.least;
  std::vector<double> sums(dims), squares(dims);
  for (size_t i = 0; i < n; ++i) {
    for (size_t d = 0; d < dims; ++d) {
      const float v = y[i * dims + d];
      sums[d] += v;
      squares[d] += double{v} * v;
      spread.least[d] = std::min(spread.least[d], v);
      spread.most[d] = std::max(spread.most[d], v);
    }
  }
  for (size_t d = 0; d < dims; ++d) {
    const double mean = sums[d] / static_cast<double>(n);
    spread.mean[d] = static_cast<float>(mean);
    const double variance = squares[d] / static_cast<double>(n) - mean * mean;
    spread.deviation[d] =
        std::max(kLeastDeviation, static_cast<float>(std::sqrt(std::max(variance, 0.0))));
  }
  return spread;
}

// Around `middle`, with the step that suits a normal distribution of that deviation.
void SetNormal(Grid* grid, size_t d, float middle, float deviation) {
  const uint32_t bits = grid->bits[d];
  const float half = (static_cast<float>(1u << bits) - 1) / 2;
  grid->step[d] = NormalStep(bits) * deviation;
  grid->offset[d] = middle - half * grid->step[d];
}

double SquaredError(const std::vector<float>& y, size_t n, size_t dims, size_t d, float offset,
                    float step, uint32_t bits) {
  const auto most = static_cast<float>((1u << bits) - 1);
  double error = 0;
  for (size_t i = 0; i < n; ++i) {
    const float v = y[i * dims + d];
    const float place = std::clamp(std::nearbyint((v - offset) / step), 0.0f, most);
    const double off = v - (offset + step * place);
    error += off * off;
  }
  return error;
}

// By dimension, either from the least to the greatest value or as a normal distribution has it,
// whichever is nearer to the sample.
void SetScalar(const std::vector<float>& y, size_t n, const Spread& spread, Grid* grid) {
  const size_t dims = grid->dims();
  for (size_t d = 0; d < dims; ++d) {
    const uint32_t bits = grid->bits[d];
    SetNormal(grid, d, spread.mean[d], spread.deviation[d]);
    const float step = (spread.most[d] - spread.least[d]) / static_cast<float>((1u << bits) - 1);
    if (!(step > 0.0f)) {
      grid->offset[d] = spread.least[d];
    } else if (SquaredError(y, n, dims, d, spread.least[d], step, bits) <=
               SquaredError(y, n, dims, d, grid->offset[d], grid->step[d], bits)) {
      grid->offset[d] = spread.least[d];
      grid->step[d] = step;
    }
  }
}

float OverallDeviation(const std::vector<float>& y) {
  double squares = 0;
  for (const float v : y) squares += double{v} * v;
  return std::max(kLeastDeviation,
                  static_cast<float>(std::sqrt(squares / static_cast<double>(y.size()))));
}

Grid EmptyGrid(size_t dims, uint32_t bits) {
  Grid grid;
  grid.bits.assign(dims, static_cast<uint8_t>(bits));
  grid.offset.assign(dims, 0.0f);
  grid.step.assign(dims, 1.0f);
  return grid;
}

size_t TrailerBytes(const CodecSpec& spec) {
  return 2 + (spec.metric == Metric::kL2 ? sizeof(float) : 0);
}

// The first `width` components, all for 0.
Result<Transform> TrainPca(const float* rows, size_t n, uint32_t dim, uint32_t width) {
  SAGITTA_ASSIGN_OR_RETURN(std::vector<float> matrix, PrincipalComponents(rows, n, dim));
  if (width != 0) matrix.resize(size_t{width} * dim);
  return Transform::Linear(dim, MeanOf(rows, n, dim), matrix);
}

Result<Transform> TrainTransform(const CodecSpec& spec, const float* rows, size_t n, uint32_t dim) {
  switch (spec.transform) {
    case CodecTransform::kNone:
      return Transform::Identity(dim, {});
    case CodecTransform::kRotation:
      return Transform::Rotated(dim, MeanOf(rows, n, dim), spec.seed);
    case CodecTransform::kPca:
    case CodecTransform::kWhitening:
      return TrainPca(rows, n, dim, spec.width);
    case CodecTransform::kSparse:
      return Transform::Sparse(dim, MeanOf(rows, n, dim), spec.width == 0 ? dim : spec.width,
                               spec.seed);
    case CodecTransform::kUsual:
      break;
  }
  switch (spec.kind) {
    case CodecKind::kSign:
      return Transform::Identity(dim, spec.centre ? MeanOf(rows, n, dim) : std::vector<float>());
    case CodecKind::kRecurrent:
      return Transform::Rotated(dim, {}, spec.seed);
    case CodecKind::kRotated:
      return Transform::Rotated(dim, MeanOf(rows, n, dim), spec.seed);
    case CodecKind::kAllocated:
      return TrainPca(rows, n, dim, 0);
    default:
      return Transform::Identity(dim, {});
  }
}

Status SetAllocated(const CodecSpec& spec, const Spread& spread, Grid* grid) {
  const size_t trailer = TrailerBytes(spec);
  if (spec.bytes <= trailer) {
    return Status::InvalidArgument("bytes", "is " + std::to_string(spec.bytes) + "; at least " +
                                                std::to_string(trailer + 1) + " are needed");
  }
  std::vector<float> variance(grid->dims());
  for (size_t d = 0; d < variance.size(); ++d) {
    variance[d] = spread.deviation[d] * spread.deviation[d];
    if (spread.deviation[d] <= kLeastDeviation) variance[d] = 0.0f;
  }
  grid->bits = AllocateBits(variance, 8 * (spec.bytes - trailer));
  for (size_t d = 0; d < variance.size(); ++d) {
    if (grid->bits[d] > 0) SetNormal(grid, d, 0.0f, spread.deviation[d]);
  }
  return Status();
}

// Components without bits stand for their offset, which is 0: nobody need compute them.
void DropWithoutBits(GridModel* model) {
  Grid kept;
  std::vector<uint32_t> components;
  for (uint32_t d = 0; d < model->grid.dims(); ++d) {
    if (model->grid.bits[d] == 0) continue;
    components.push_back(d);
    kept.bits.push_back(model->grid.bits[d]);
    kept.offset.push_back(model->grid.offset[d]);
    kept.step.push_back(model->grid.step[d]);
  }
  if (components.empty()) return;
  model->grid = std::move(kept);
  model->transform = model->transform.Keep(components);
}

}  // namespace

Result<GridModel> TrainGrid(const CodecSpec& spec, const float* rows, size_t n, uint32_t dim,
                            const CancelToken& cancel) {
  GridModel model;
  model.kind = spec.kind;
  model.metric = spec.metric;
  SAGITTA_ASSIGN_OR_RETURN(model.transform, TrainTransform(spec, rows, n, dim));
  SAGITTA_RETURN_IF_ERROR(cancel.Check());
  const uint32_t dims = model.transform.out();
  std::vector<float> scratch, y(n * dims);
  for (size_t i = 0; i < n; ++i) {
    model.transform.Apply(rows + i * dim, true, &scratch, y.data() + i * dims);
  }
  SAGITTA_RETURN_IF_ERROR(cancel.Check());
  const Spread spread = SpreadOf(y, n, dims);
  model.factor = RowFactor::kUnbiased;
  model.grid = EmptyGrid(dims, spec.bits);
  switch (spec.kind) {
    case CodecKind::kScalar:
      model.factor = RowFactor::kNone;
      SetScalar(y, n, spread, &model.grid);
      break;
    case CodecKind::kRowScaled:
      model.factor = RowFactor::kLargest;
      model.grid = EmptyGrid(dims, 8);
      model.grid.offset.assign(dims, -1.0f);
      model.grid.step.assign(dims, 2.0f / 255);
      break;
    case CodecKind::kSign:
      model.grid = EmptyGrid(dims, 1);
      [[fallthrough]];
    case CodecKind::kRotated: {
      const float overall = OverallDeviation(y);
      const bool whiten = spec.transform == CodecTransform::kWhitening;
      for (size_t d = 0; d < dims; ++d) {
        // A component divided by its deviation on a grid for 1 is itself on a grid for that.
        SetNormal(&model.grid, d, 0.0f, whiten ? spread.deviation[d] : overall);
      }
      break;
    }
    case CodecKind::kRecurrent:
      // Odd integers, so that products of codes are integers.
      model.scale = OverallDeviation(y) * NormalStep(spec.bits) / 2;
      model.grid.step.assign(dims, 2.0f);
      model.grid.offset.assign(dims, 1.0f - static_cast<float>(1u << spec.bits));
      break;
    default:
      SAGITTA_RETURN_IF_ERROR(SetAllocated(spec, spread, &model.grid));
      DropWithoutBits(&model);
  }
  return model;
}

}  // namespace sagitta::codec
