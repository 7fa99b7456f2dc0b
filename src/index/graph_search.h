// GraphIndex: search over the mapped links and codes of a built graph. Immutable, thread-safe.
#pragma once

#include <memory>

#include "index/graph_query.h"
#include "index/graph_sections.h"
#include "index/vector_index.h"

namespace sagitta::index {

class GraphIndex final : public VectorIndex {
 public:
  GraphIndex(const VectorRows& rows, GraphSections graph, const GraphParams& params);
  GraphIndex(const GraphIndex&) = delete;
  GraphIndex& operator=(const GraphIndex&) = delete;

  IndexKind kind() const override { return IndexKind::kGraph; }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override {
    return SearchGraph(view_, query, out, distances);
  }
  bool WalksVectors() const override { return !graph_.has_codes(); }
  IndexBytes Bytes() const override;
  std::shared_ptr<GraphModel> MakeGraphModel() const override {
    return graph_.has_codes() ? graph_.MakeModel(code_bits_) : nullptr;
  }

 private:
  const GraphSections graph_;
  const QueryTransform transform_;
  const uint32_t code_bits_;
  AlignedBytes seed_codes_;  // beside one another, so that they stay in the cache
  GraphView view_;
};

}  // namespace sagitta::index
