// SearchGraph: one search of a graph, in a file or growing.
//
// A walk or a scan by codes picks candidates, the stored vectors rank them. Where k rows pass a
// filter, k come back: a walk that finds fewer is given up for a scan.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/graph_beam.h"
#include "index/graph_codes.h"
#include "index/graph_model.h"
#include "index/graph_plan.h"

namespace sagitta::index {

// What a search reads. Of a graph that grows, more may be linked and encoded than there are rows to
// find, or less: what is not linked yet is scanned by its codes, what has none by its vectors.
struct GraphView {
  VectorRows rows;  // that may be found
  GraphLinks links;
  size_t linked = 0;                // walks keep below this position
  std::span<const uint32_t> seeds;  // where they begin; all are linked
  const uint8_t* codes = nullptr;   // of `format`, with the norms that searches need; null = none
  size_t encoded = 0;               // positions below have codes
  CodeFormat format;
  const QueryTransform* transform = nullptr;  // of a query to what codes are codes of
  const uint8_t* seed_codes = nullptr;        // those of the seeds, one after the other
  uint32_t ef_search = 0;    // of a query that gives none; 0 = by usual_width
  uint32_t usual_width = 0;  // measured when it was built (graph_width.h); 0 = it was not
  float oversampling = 2.5f;
};

// Candidates of a query for k, where nobody says how many.
uint32_t UsualGraphWidth(uint32_t measured, uint32_t k);

Status SearchGraph(const GraphView& graph, const IndexQuery& query, std::vector<Candidate>* out,
                   uint64_t* distances);

}  // namespace sagitta::index
