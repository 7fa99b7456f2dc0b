// HnswIndex: search over the mapped links of a built graph. Immutable, thread-safe.
//
// A search takes the cheaper of walking the graph and scanning the rows that may be returned, by
// the number of distances each is expected to need; a walk that needs more than the scan would is
// given up for the scan. So a filter of any selectivity costs at most about twice the cheaper way,
// and where k rows pass, k come back.
#pragma once

#include "index/hnsw_links.h"
#include "index/vector_index.h"

namespace sagitta::index {

class HnswIndex final : public VectorIndex {
 public:
  HnswIndex(const VectorRows& rows, HnswLinks links, uint32_t ef_search)
      : rows_(rows), links_(std::move(links)), ef_search_(ef_search) {}

  IndexKind kind() const override {
    return rows_.dtype == Dtype::kBits ? IndexKind::kBinaryHnsw : IndexKind::kHnsw;
  }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  bool WalksVectors() const override { return true; }
  IndexBytes Bytes() const override {
    return {.memory_links = sizeof(*this), .mapped_links = links_.bytes()};
  }

 private:
  struct Plan {
    bool scan = false;
    uint32_t ef = 0;
    uint32_t ef_passing = 0;
    uint64_t budget = 0;  // distances of the filtered walk
  };
  Plan MakePlan(const IndexQuery& query) const;

  const VectorRows rows_;
  const HnswLinks links_;
  const uint32_t ef_search_;
};

}  // namespace sagitta::index
