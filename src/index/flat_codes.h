// FlatCodesIndex: looks at the codes of all rows, then ranks the best by the stored vectors.
// Immutable, thread-safe.
#pragma once

#include "index/coded_rows.h"
#include "index/vector_index.h"

namespace sagitta::index {

class FlatCodesIndex final : public VectorIndex {
 public:
  FlatCodesIndex(const VectorRows& rows, CodedRows codes, const IndexParams& params)
      : rows_(rows), codes_(std::move(codes)), params_(params) {}

  IndexKind kind() const override { return IndexKind::kFlatCodes; }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  Status SearchMany(std::span<ManyQuery> queries) const override;
  bool WalksVectors() const override { return false; }
  IndexBytes Bytes() const override {
    return {.memory_codes = sizeof(*this) + codes_.MemoryBytes(),
            .mapped_codes = codes_.MappedBytes()};
  }

 private:
  // That codes are to find; 0 where all stored vectors are compared instead, or k is 0.
  size_t CandidatesByCodes(const IndexQuery& query) const;

  const VectorRows rows_;
  const CodedRows codes_;
  const IndexParams params_;
};

}  // namespace sagitta::index
