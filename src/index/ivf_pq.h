// IvfPqIndex: reads codes of the lists of the nearest centroids, and reranks the best k ×
// oversampling of them on the stored rows. Immutable, thread-safe.
//
// Codes estimate the dot product for INNER_PRODUCT and squared L2 for the others: for COSINE it
// ranks better, since it knows how much shorter than 1 each coded vector is; for L1 it only chooses
// candidates, and reranking is by L1, so keys are right and oversampling buys recall. As in
// IvfFlatIndex the scan is our own loop: FAISS's makes a table per list, we make one per query.
#pragma once

#include <span>
#include <string>

#include "index/ivf_lists.h"
#include "index/pq_codebook.h"
#include "index/top_k.h"
#include "index/vector_index.h"

namespace sagitta::index {

// The checked sections beside the lists'.
struct PqSections {
  PqShape shape;
  std::span<const float> codebook;
  std::span<const uint8_t> codes;
  std::span<const float> bias;  // empty for INNER_PRODUCT

  static Result<PqSections> Open(const IvfLists& lists, const VectorRows& rows,
                                 const std::string& prefix, const base::SectionFileReader& file);
  size_t bytes() const { return codebook.size_bytes() + codes.size_bytes() + bias.size_bytes(); }
};

class IvfPqIndex final : public VectorIndex {
 public:
  IvfPqIndex(const VectorRows& rows, IvfLists lists, PqSections pq, const IndexParams& params)
      : rows_(rows), lists_(std::move(lists)), pq_(pq), params_(params) {}

  IndexKind kind() const override { return IndexKind::kIvfPq; }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override;
  bool WalksVectors() const override { return false; }
  IndexBytes Bytes() const override {
    return {.memory_links = sizeof(*this),
            .mapped_codes = pq_.bytes(),
            .mapped_links = lists_.bytes()};
  }

 private:
  // Offers the list's rows that pass to `top` by their estimates; *passing grows by their number.
  Status ScanList(const IndexQuery& query, uint32_t list, const float* table, TopK* top,
                  size_t* passing, uint64_t* distances) const;
  bool by_dot() const { return pq_.bias.empty(); }

  const VectorRows rows_;
  const IvfLists lists_;
  const PqSections pq_;
  const IndexParams params_;
};

}  // namespace sagitta::index
