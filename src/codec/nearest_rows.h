// The nearest of the rows that scans of codes come by. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sagitta::codec {

struct Near {
  float key;
  uint32_t row;
  friend bool operator<(const Near& a, const Near& b) {
    return a.key != b.key ? a.key < b.key : a.row < b.row;
  }
};

// The k of the smallest keys, of equal ones those of the smaller rows.
class NearestRows {
 public:
  // REQUIRES: k > 0; `out` outlives it. It is emptied.
  NearestRows(size_t k, std::vector<Near>* out) : k_(k), heap_(*out) { heap_.clear(); }

  // No larger key enters any more.
  float limit() const {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().key;
  }
  // A key that is no number never enters.
  void Push(Near near) {
    if (!(near.key <= limit())) return;
    if (heap_.size() == k_) {
      if (!(near < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(near);
    std::push_heap(heap_.begin(), heap_.end());
  }
  // Leaves `out` in order, the nearest first.
  void Finish() { std::sort_heap(heap_.begin(), heap_.end()); }

 private:
  const size_t k_;
  std::vector<Near>& heap_;
};

}  // namespace sagitta::codec
