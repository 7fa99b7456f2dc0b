// Distances between the rows of a graph while it is built: by seven-bit codes, or by the stored
// vectors where there are no codes. Always a distance that prunes well: squared L2 (for inner
// products of rows lifted as LiftForInnerProduct says), or L1. Immutable once built, thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "index/graph_codes.h"
#include "index/graph_model.h"
#include "index/workers.h"

namespace sagitta::index {

class GraphSpace {
 public:
  // REQUIRES: `rows` and `model` outlive it.
  GraphSpace(const VectorRows& rows, const GraphModel& model) : rows_(rows), model_(model) {}

  // Encodes all rows: for building, and into `stored` (n rows of model.Format()) with the norms
  // that searches need. Nothing is to encode without codes.
  Status Encode(const BuildContext& context, AlignedBytes* stored);

  size_t n() const { return rows_.n; }
  bool has_codes() const { return model_.transform != GraphTransform::kNone; }

  // One row against others. Not thread-safe: one per thread.
  class Probe {
   public:
    explicit Probe(const GraphSpace& space) : space_(space) {}
    void Set(uint32_t position);
    uint32_t position() const { return position_; }
    void Score(const uint32_t* ids, size_t n, float* keys) const;

   private:
    const GraphSpace& space_;
    uint32_t position_ = 0;
    float base_ = 0;
    CodeQueryBuffer query_;
    std::vector<float> vector_;
  };

 private:
  void EncodeRow(size_t i, const GraphRotation* rotation, std::vector<float>* centred,
                 std::vector<float>* y, AlignedBytes* stored);

  const VectorRows& rows_;
  const GraphModel& model_;
  AlignedBytes codes_;        // seven-bit, with the norms of centred rows
  std::vector<float> lift_;   // of INNER_PRODUCT
  std::vector<float> norms_;  // of INNER_PRODUCT and COSINE without codes
};

}  // namespace sagitta::index
