#include "index/graph_space.h"

#include <cmath>
#include <optional>

#include "index/faiss_adapter.h"

namespace sagitta::index {
namespace {

constexpr size_t kBlock = 256;  // rows a worker encodes at a time

bool IsProduct(Metric metric) {
  return metric == Metric::kInnerProduct || metric == Metric::kCosine;
}

}  // namespace

Status GraphSpace::Encode(const BuildContext& context, AlignedBytes* stored) {
  if (rows_.metric == Metric::kInnerProduct) lift_ = LiftForInnerProduct(rows_);
  if (!has_codes()) {
    if (!IsProduct(rows_.metric)) return Status();
    norms_.resize(rows_.n);
    const auto dot = kernels::Distances(rows_.dtype, Metric::kInnerProduct).row_row;
    for (size_t i = 0; i < rows_.n; ++i) norms_[i] = -dot(rows_.row(i), rows_.row(i), rows_.dim);
    return Status();
  }
  codes_ = AlignedBytes(rows_.n * model_.BuildFormat().row_bytes());
  *stored = AlignedBytes(rows_.n * model_.Format().row_bytes());
  std::optional<GraphRotation> rotation;
  if (model_.transform == GraphTransform::kRotation) rotation.emplace(model_.dims, model_.seed);
  return ForBlocks(context, rows_.n, kBlock, [&](size_t begin, size_t end) {
    std::vector<float> centred(rows_.dim), y(model_.dims);
    for (size_t i = begin; i < end; ++i) {
      EncodeRow(i, rotation ? &*rotation : nullptr, &centred, &y, stored);
    }
  });
}

// With m the mean, ⟨q, x⟩ is ⟨q − m, x − m⟩ + ⟨m, x⟩ and what only the query decides: so the norm
// of a row, for products, is −⟨m, x⟩.
void GraphSpace::EncodeRow(size_t i, const GraphRotation* rotation, std::vector<float>* centred,
                           std::vector<float>* y, AlignedBytes* stored) {
  float* v = centred->data();
  kernels::ToFloat(rows_.dtype)(rows_.row(i), v, rows_.dim);
  float product = 0;
  for (uint32_t d = 0; d < rows_.dim; ++d) {
    if (!std::isfinite(v[d])) v[d] = 0;
    product += v[d] * model_.mean[d];
    v[d] -= model_.mean[d];
  }
  const float norm = kernels::SquaredNorm(v, rows_.dim);
  model_.Apply(rotation, v, y->data());
  const CodeFormat build = model_.BuildFormat(), format = model_.Format();
  uint8_t* row = codes_.data() + i * build.row_bytes();
  build.Encode(y->data(), norm, row);
  format.Encode(y->data(), IsProduct(rows_.metric) ? -product : norm,
                stored->data() + i * format.row_bytes());
}

void GraphSpace::Probe::Set(uint32_t position) {
  position_ = position;
  const VectorRows& rows = space_.rows_;
  if (space_.has_codes()) {
    const CodeFormat format = space_.model_.BuildFormat();
    const uint8_t* row = space_.codes_.data() + position * format.row_bytes();
    format.RowQuery(row, CodeKey{}, &query_);
    base_ = CodeFormat::Norm(row, format.row_bytes());
    return;
  }
  vector_.resize(rows.dim);
  kernels::ToFloat(rows.dtype)(rows.row(position), vector_.data(), rows.dim);
}

void GraphSpace::Probe::Score(const uint32_t* ids, size_t n, float* keys) const {
  const VectorRows& rows = space_.rows_;
  if (space_.has_codes()) {
    kernels::Codes().gather[static_cast<size_t>(kernels::CodeKind::kByte)](
        query_.query, space_.codes_.data(), ids, n, keys);
    for (size_t i = 0; i < n; ++i) keys[i] += base_;
  } else {
    kernels::Distances(rows.dtype, rows.metric)
        .query_gather(vector_.data(), rows.data, rows.stride(), ids, n, rows.dim, keys);
    if (!space_.norms_.empty()) {
      const std::vector<float>& norms = space_.norms_;
      for (size_t i = 0; i < n; ++i) keys[i] = norms[position_] + norms[ids[i]] + 2 * keys[i];
    }
  }
  if (space_.lift_.empty()) return;
  const float lift = space_.lift_[position_];
  for (size_t i = 0; i < n; ++i) {
    const float difference = lift - space_.lift_[ids[i]];
    keys[i] += difference * difference;
  }
}

}  // namespace sagitta::index
