// VisitedSet: which positions the running search has seen, without clearing n entries per search.
//
// One byte per position holds the epoch of the search that saw it last; every 255 searches the
// bytes are cleared. One set per thread serves all indexes: every search has an epoch of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/candidate_pool.h"
#include "index/vector_index.h"

namespace sagitta::index {

class VisitedSet {
 public:
  // Empties the set and makes room for positions below n.
  void Start(size_t n);
  // True when `position` was not there. REQUIRES: position < n of Start().
  bool Insert(uint32_t position) {
    if (epochs_[position] == epoch_) return false;
    epochs_[position] = epoch_;
    return true;
  }

 private:
  std::vector<uint8_t> epochs_;
  uint8_t epoch_ = 0;
};

// Buffers that a thread's searches use again and again. A search never runs inside another.
struct SearchScratch {
  VisitedSet visited;
  CandidatePool pool;
  std::vector<Candidate> frontier;
  std::vector<Candidate> nearest;
  std::vector<Candidate> passing;
  std::vector<uint32_t> ids;
  std::vector<float> keys;
  std::vector<float> lookup;
};

SearchScratch& ThreadScratch();

}  // namespace sagitta::index
