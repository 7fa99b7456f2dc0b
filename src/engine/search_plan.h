// SearchPlan: what all segments of one query have in common, worked out once. Immutable once made.
//
// Hits are ordered by "order": smaller is closer, and two are equal exactly where their scores are.
// It is the key except for L2, whose keys are squares: two of them may have one root.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "engine/row_source.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::engine {

// Query::rerank, worked out.
struct SecondStage {
  const VectorField* field = nullptr;
  uint16_t field_number = 0;
  std::vector<float> vector;                                 // as SearchPlan::vector
  uint32_t candidates = 0;                                   // that the first stage finds
  float max_order = std::numeric_limits<float>::infinity();  // of the score threshold
};

struct SearchPlan {
  // The row of the point that the query is about.
  struct Self {
    size_t segment = 0;
    uint32_t row = 0;
  };

  const Query* query = nullptr;
  const VectorField* field = nullptr;
  uint16_t field_number = 0;
  std::vector<float> vector;         // normalised for COSINE
  std::vector<SegmentRef> segments;  // of all shards
  std::optional<Self> self;
  // Of the score threshold, without a second stage.
  float max_order = std::numeric_limits<float>::infinity();
  std::optional<SecondStage> rerank;
  bool parallel = false;  // whether more threads pay
  double seconds = 0;     // that making it took

  // Rows that the first stage is to find.
  uint32_t wanted() const {
    return rerank.has_value() ? rerank->candidates : query->offset + query->k;
  }
  // Whose metric scores are of.
  const VectorField& scored_field() const { return rerank.has_value() ? *rerank->field : *field; }
  // Whether the segment is scanned, so that its answer is exact.
  bool Scans(size_t segment) const;
};

float OrderOf(Metric metric, float key);
float OrderToScore(Metric metric, float order);
// No key above it has such an order or a smaller one; some below it may have a larger one.
float KeyLimitOf(Metric metric, float max_order);

// REQUIRES: ValidateQuery is OK; all that is given outlives the plan. NOT_FOUND as SearchViews.
Result<SearchPlan> MakeSearchPlan(const CollectionSchema& schema, std::span<const ShardView> views,
                                  const Query& query);

}  // namespace sagitta::engine
