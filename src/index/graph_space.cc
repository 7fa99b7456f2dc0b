#include "index/graph_space.h"

#include <algorithm>
#include <optional>

#include "index/faiss_adapter.h"
#include "index/graph_encode.h"

namespace sagitta::index {
namespace {

constexpr size_t kBlock = 256;  // rows a worker encodes at a time

}  // namespace

Status GraphSpace::Encode(const BuildContext& context, AlignedBytes* stored) {
  if (rows_.metric == Metric::kInnerProduct) lift_ = LiftForInnerProduct(rows_);
  if (!lift_.empty()) parts_.lift = lift_.data();
  if (!has_codes()) {
    if (!IsProduct(rows_.metric)) return Status();
    norms_.resize(rows_.n);
    const auto dot = kernels::Distances(rows_.dtype, Metric::kInnerProduct).row_row;
    for (size_t i = 0; i < rows_.n; ++i) norms_[i] = -dot(rows_.row(i), rows_.row(i), rows_.dim);
    parts_.norms = norms_.data();
    return Status();
  }
  const CodeFormat build = model_.BuildFormat(), format = model_.Format();
  codes_ = AlignedBytes(rows_.n * build.row_bytes());
  parts_.codes = codes_.data();
  *stored = AlignedBytes(rows_.n * format.row_bytes());
  std::optional<codec::Rotation> rotation;
  if (model_.transform == GraphTransform::kRotation) rotation.emplace(model_.dims, model_.seed);
  return ForBlocks(context, rows_.n, kBlock, [&](size_t begin, size_t end) {
    GraphEncoder encoder(rows_, model_, rotation ? &*rotation : nullptr);
    for (size_t first = begin; first < end; first += GraphEncoder::kTogether) {
      const size_t n = std::min(GraphEncoder::kTogether, end - first);
      encoder.Set(rows_, first, n);
      for (size_t i = 0; i < n; ++i) {
        const size_t row = first + i;
        encoder.Encode(i, build, encoder.norm(i), codes_.data() + row * build.row_bytes());
        encoder.Encode(i, format, encoder.search_norm(i),
                       stored->data() + row * format.row_bytes());
      }
    }
  });
}

void GraphSpace::Probe::Set(uint32_t position) {
  position_ = position;
  const VectorRows& rows = space_.rows_;
  const Parts& parts = space_.parts_;
  if (space_.has_codes()) {
    const CodeFormat format = space_.model_.BuildFormat();
    const uint8_t* row = parts.codes + position * format.row_bytes();
    format.RowQuery(row, CodeKey{parts.norms == nullptr ? 1.0f : 0.0f, -2.0f}, &query_);
    base_ =
        parts.norms == nullptr ? CodeFormat::Norm(row, format.row_bytes()) : parts.norms[position];
    return;
  }
  vector_.resize(rows.dim);
  kernels::ToFloat(rows.dtype)(rows.row(position), vector_.data(), rows.dim);
}

void GraphSpace::Probe::Score(const uint32_t* ids, size_t n, float* keys) const {
  const VectorRows& rows = space_.rows_;
  const auto [codes, norms, lift] = space_.parts_;
  if (space_.has_codes()) {
    kernels::Codes().gather[static_cast<size_t>(kernels::CodeKind::kByte)](query_.query, codes, ids,
                                                                           n, keys);
    for (size_t i = 0; i < n; ++i) keys[i] += base_;
    if (norms != nullptr) {
      for (size_t i = 0; i < n; ++i) keys[i] += norms[ids[i]];
    }
  } else {
    kernels::Distances(rows.dtype, rows.metric)
        .query_gather(vector_.data(), rows.data, rows.stride(), ids, n, rows.dim, keys);
    if (norms != nullptr) {
      for (size_t i = 0; i < n; ++i) keys[i] = norms[position_] + norms[ids[i]] + 2 * keys[i];
    }
  }
  if (lift == nullptr) return;
  for (size_t i = 0; i < n; ++i) {
    const float difference = lift[position_] - lift[ids[i]];
    keys[i] += difference * difference;
  }
}

}  // namespace sagitta::index
