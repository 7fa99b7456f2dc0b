// TopK: the k best candidates seen, kept as a heap in the caller's vector. Not thread-safe.
//
// Keys that are no numbers never enter: they have no place in an order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/vector_index.h"

namespace sagitta::index {

class TopK {
 public:
  // Continues with what `out` holds. Candidates with a key above `key_limit` are not wanted.
  TopK(size_t k, float key_limit, std::vector<Candidate>* out)
      : k_(k), limit_(key_limit), heap_(*out) {
    if (heap_.size() > k_) {
      std::sort(heap_.begin(), heap_.end());
      heap_.resize(k_);
    }
    std::make_heap(heap_.begin(), heap_.end());
    Tighten();
  }

  // A larger key cannot enter any more; an equal one can, by its position.
  float limit() const { return limit_; }

  void Push(float key, uint32_t position) {
    if (!(key <= limit_)) return;
    if (heap_.size() < k_) {
      heap_.push_back({key, position});
      std::push_heap(heap_.begin(), heap_.end());
    } else {
      const Candidate candidate{key, position};
      if (k_ == 0 || !(candidate < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end());
    }
    Tighten();
  }

  // Leaves the vector sorted, best first.
  void Finish() { std::sort_heap(heap_.begin(), heap_.end()); }

 private:
  void Tighten() {
    if (k_ > 0 && heap_.size() == k_ && heap_.front().key < limit_) limit_ = heap_.front().key;
  }

  const size_t k_;
  float limit_;
  std::vector<Candidate>& heap_;
};

}  // namespace sagitta::index
