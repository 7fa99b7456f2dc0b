// FlatIndex: no structure at all, every search is an exact scan. Immutable, thread-safe.
#pragma once

#include "index/vector_index.h"

namespace sagitta::index {

class FlatIndex final : public VectorIndex {
 public:
  explicit FlatIndex(const VectorRows& rows) : rows_(rows) {}

  IndexKind kind() const override { return FlatKind(rows_.dtype); }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  bool WalksVectors() const override { return true; }
  IndexBytes Bytes() const override { return {.memory_links = sizeof(*this)}; }

 private:
  const VectorRows rows_;
};

}  // namespace sagitta::index
