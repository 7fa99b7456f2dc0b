// IvfFlatIndex (IVF_FLAT, and BINARY_IVF for BITS): reads the lists of the nearest centroids and
// computes exact distances to their rows, where the segment keeps them. Immutable, thread-safe.
//
// The scan is our own loop and not FAISS's InvertedListScanner: that takes codes stored list by
// list, a second copy of every vector, and is called once per list with a heap of its own.
#pragma once

#include "index/ivf_lists.h"
#include "index/vector_index.h"

namespace sagitta::index {

class IvfFlatIndex final : public VectorIndex {
 public:
  IvfFlatIndex(const VectorRows& rows, IvfLists lists, const IndexParams& params)
      : rows_(rows), lists_(std::move(lists)), params_(params) {}

  IndexKind kind() const override {
    return rows_.dtype == Dtype::kBits ? IndexKind::kBinaryIvf : IndexKind::kIvfFlat;
  }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  bool WalksVectors() const override { return true; }
  IndexBytes Bytes() const override {
    return {.memory_links = sizeof(*this), .mapped_links = lists_.bytes()};
  }

 private:
  const VectorRows rows_;
  const IvfLists lists_;
  const IndexParams params_;
};

}  // namespace sagitta::index
