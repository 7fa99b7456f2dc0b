// GraphIndex: search over the mapped links and codes of a built graph. Immutable, thread-safe.
//
// A walk or a scan by codes picks candidates, the stored vectors rank them. Where k rows pass a
// filter, k come back: a walk that finds fewer is given up for a scan.
#pragma once

#include <memory>

#include "index/graph_plan.h"
#include "index/graph_sections.h"
#include "index/top_k.h"
#include "index/vector_index.h"

namespace sagitta::index {

class GraphIndex final : public VectorIndex {
 public:
  GraphIndex(const VectorRows& rows, GraphSections graph, const GraphParams& params);

  IndexKind kind() const override { return IndexKind::kGraph; }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  size_t MemoryBytes() const override;
  size_t MappedBytes() const override { return graph_.bytes(); }

 private:
  struct Run;  // what one search carries along
  class CodeError;

  Status Walk(const GraphPlan& plan, Run* run) const;
  Status ScanCodes(const GraphPlan& plan, Run* run) const;
  void StartFromSeeds(Run* run, std::vector<uint32_t>* start) const;
  void Collect(Run* run) const;
  Status RankSome(const std::vector<Candidate>& candidates, size_t first, size_t last, Run* run,
                  TopK* top, CodeError* error) const;
  Status Rank(const GraphPlan& plan, Run* run, std::vector<Candidate>* out, bool* settled) const;
  Status RankPool(const GraphPlan& plan, Run* run, TopK* top, bool* settled) const;
  Status RankScanned(const GraphPlan& plan, Run* run, TopK* top) const;
  void Prepare(Run* run) const;
  // *settled is false when the strategy did not find what is asked for.
  Status Attempt(const GraphPlan& plan, Run* run, std::vector<Candidate>* out, bool* settled) const;

  const VectorRows rows_;
  const GraphSections graph_;
  const uint32_t ef_search_;
  const float oversampling_;
  const QueryTransform transform_;
  const CodeFormat format_;
  AlignedBytes seed_codes_;  // beside one another, so that they stay in the cache
};

}  // namespace sagitta::index
