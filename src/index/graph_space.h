// Distances between the rows of a graph while it is built: by seven-bit codes, or by the stored
// vectors where there are no codes. Always a distance that prunes well: squared L2 (for inner
// products of rows lifted as LiftForInnerProduct says), or L1. Thread-safe once encoded.
#pragma once

#include <cstdint>
#include <vector>

#include "index/graph_codes.h"
#include "index/graph_model.h"
#include "index/workers.h"

namespace sagitta::index {

class GraphSpace {
 public:
  // What is compared besides the vectors, by position.
  struct Parts {
    const uint8_t* codes = nullptr;  // seven-bit, of model.BuildFormat(); null without codes
    const float* norms = nullptr;  // squared lengths, of centred rows with codes; null = the codes'
    const float* lift = nullptr;   // of INNER_PRODUCT
  };

  // REQUIRES: `rows` and `model` outlive it.
  GraphSpace(const VectorRows& rows, const GraphModel& model) : rows_(rows), model_(model) {}
  // Over rows that are encoded already, or are before they are asked for; rows.n may grow.
  GraphSpace(const VectorRows& rows, const GraphModel& model, const Parts& parts)
      : rows_(rows), model_(model), parts_(parts) {}

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
  const VectorRows& rows_;
  const GraphModel& model_;
  Parts parts_;
  AlignedBytes codes_;  // what Encode made
  std::vector<float> lift_, norms_;
};

}  // namespace sagitta::index
