// IvfCodesIndex: looks at the codes in the lists of the nearest centroids, then ranks the best by
// the stored vectors. Immutable, thread-safe.
#pragma once

#include "index/coded_rows.h"
#include "index/ivf_lists.h"
#include "index/vector_index.h"

namespace sagitta::index {

class IvfCodesIndex final : public VectorIndex {
 public:
  IvfCodesIndex(const VectorRows& rows, IvfLists lists, CodedRows codes, const IndexParams& params)
      : rows_(rows), lists_(std::move(lists)), codes_(std::move(codes)), params_(params) {}

  IndexKind kind() const override { return IndexKind::kIvfCodes; }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  bool WalksVectors() const override { return false; }
  IndexBytes Bytes() const override {
    return {.memory_codes = codes_.MemoryBytes(),
            .memory_links = sizeof(*this),
            .mapped_codes = codes_.MappedBytes(),
            .mapped_links = lists_.bytes()};
  }

 private:
  const VectorRows rows_;
  const IvfLists lists_;
  const CodedRows codes_;
  const IndexParams params_;
};

}  // namespace sagitta::index
