// GrowingGraph: a graph over rows that are still being added.
//
// Rows are appended elsewhere. One thread at a time (the linker) follows behind: it chooses codes,
// encodes rows, and puts them into the graph batch by batch. Any number of readers search
// meanwhile, without a lock: they walk over what is linked, scan the codes of what is encoded, and
// the vectors of the rest. So an answer is never wrong for want of linking, only slower.
//
// What readers see is published by three numbers and a pointer. `linked` and `encoded` only rise,
// each after all that it speaks of has been written; a walk looks at no node from `linked` on.
// Links of nodes below it change while they are read, each number atomically: see LoadLink. A node
// is never taken out: rows that died are walked through and not returned.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/growing_bytes.h"
#include "base/memory_budget.h"
#include "index/graph_insert.h"
#include "index/graph_query.h"
#include "index/graph_start.h"

namespace sagitta::index {

class GrowingGraph {
 public:
  // `rows.data` is where row 0 is and stays; rows.n does not count. Memory is counted in `budget`,
  // which outlives the graph.
  GrowingGraph(const VectorRows& rows, size_t capacity, const GraphParams& params,
               base::MemoryBudget* budget);
  ~GrowingGraph();

  // Linker only, all four. `known` is taken when its codes suit the first `rows` rows, else codes
  // are chosen for them. REQUIRES: not started, rows ≥ 1.
  Status Start(size_t rows, std::shared_ptr<const GraphModel> known, const BuildContext& context);
  // Encodes up to row `rows`. RESOURCE_EXHAUSTED where the budget has nothing left: what is encoded
  // stays, and later calls may go further. REQUIRES: started.
  Status Encode(size_t rows, const BuildContext& context);
  // Puts `ids` into the graph, and publishes all below `end` as linked; those left out are not
  // found by walks. REQUIRES: `ids` ascend within [linked(), end), end ≤ encoded().
  Status Link(std::span<const uint32_t> ids, size_t end, const BuildContext& context);
  // REQUIRES: started.
  const std::shared_ptr<const GraphModel>& model() const { return model_; }

  const GraphParams& params() const { return params_; }
  bool started() const { return started_.load(std::memory_order_acquire); }
  size_t encoded() const { return encoded_.load(std::memory_order_acquire); }
  size_t linked() const { return linked_.load(std::memory_order_acquire); }
  // What is counted in the budget.
  IndexBytes Bytes() const {
    const size_t codes = code_bytes_.load(std::memory_order_acquire);
    const size_t all = bytes_.load(std::memory_order_relaxed);  // counted before, so no less
    return {.memory_codes = codes, .memory_links = all - codes};
  }
  size_t MemoryBytes() const { return Bytes().memory(); }

  // The k best of the first `rows` rows, which are there.
  Status Search(size_t rows, const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const;

  // For building a graph of n rows, of which row r of this one is position_of[r], or none
  // (kNoGraphLink). Rows from position_of.size() on are none either.
  GraphStart StartOf(std::span<const uint32_t> position_of, size_t n) const;

 private:
  struct Seeds {
    std::vector<uint32_t> positions;
    AlignedBytes codes;  // theirs
  };

  bool has_codes() const { return model_->transform != GraphTransform::kNone; }
  Status Grow(size_t rows);
  void EncodeRange(size_t begin, size_t end);
  void RenewSeeds();
  // The links of `row` as positions of the new graph; what is gone is replaced by what it led to.
  void Follow(uint32_t row, std::span<const uint32_t> position_of, size_t linked,
              std::vector<uint32_t>* positions, bool* repaired) const;

  const VectorRows rows_;
  const size_t capacity_;
  const GraphParams params_;
  const uint32_t stride_;
  base::MemoryBudget* const budget_;

  // Written once, before started_.
  std::shared_ptr<const GraphModel> model_;
  CodeFormat format_;
  QueryTransform transform_;
  std::optional<codec::Rotation> rotation_;
  float longest_ = 0;  // squared length that INNER_PRODUCT's rows are lifted to

  base::GrowingBytes codes_, links_, norms_, lift_;
  std::atomic<bool> started_{false};
  std::atomic<size_t> encoded_{0}, linked_{0}, bytes_{0}, code_bytes_{0};
  std::atomic<const Seeds*> seeds_{nullptr};

  // Of the linker.
  VectorRows encoded_rows_;
  std::optional<GraphSpace> space_;
  std::optional<GraphInserter> inserter_;
  size_t grown_ = 0;                                // rows that memory is there for
  std::vector<uint32_t> members_;                   // what has been put in
  size_t seeds_chosen_at_ = 0;                      // of so many members
  std::vector<std::unique_ptr<const Seeds>> kept_;  // all there were: readers may use any
};

}  // namespace sagitta::index
