// From rows to codes, one by one.
#pragma once

#include <vector>

#include "index/graph_model.h"

namespace sagitta::index {

// Inner products, of which COSINE is one: their keys need another norm than L2's.
inline bool IsProduct(Metric metric) {
  return metric == Metric::kInnerProduct || metric == Metric::kCosine;
}

// Not thread-safe: one per thread.
class GraphEncoder {
 public:
  // Rows that are transformed together: with the directions of a projection they fit into an L2
  // cache.
  static constexpr size_t kTogether = 64;

  // Looks at what rows are, not at which. REQUIRES: `model` has codes and outlives it, and so does
  // `rotation`, of the model; null unless that is its transform.
  GraphEncoder(const VectorRows& rows, const GraphModel& model, const codec::Rotation* rotation)
      : dtype_(rows.dtype), metric_(rows.metric), model_(model), rotation_(rotation) {}

  // Elements that are no numbers count as 0. REQUIRES: n ≤ kTogether; of what follows, i < n.
  void Set(const VectorRows& rows, size_t first, size_t n);
  // Of row first + i.
  // |x − m|², of the row x and the mean m.
  float norm(size_t i) const { return norms_[i]; }
  // What a search's keys need. With products ⟨q, x⟩ is ⟨q − m, x − m⟩ + ⟨m, x⟩ and what only the
  // query decides: so it is −⟨m, x⟩.
  float search_norm(size_t i) const { return IsProduct(metric_) ? -products_[i] : norms_[i]; }
  // Writes format.row_bytes(). REQUIRES: the format has the model's dimensions.
  void Encode(size_t i, const CodeFormat& format, float norm, uint8_t* out) const {
    format.Encode(y_.data() + i * model_.dims, norm, out);
  }

 private:
  const Dtype dtype_;
  const Metric metric_;
  const GraphModel& model_;
  const codec::Rotation* const rotation_;
  float norms_[kTogether], products_[kTogether];
  std::vector<float> centred_, y_;
};

}  // namespace sagitta::index
