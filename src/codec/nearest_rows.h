// The nearest of the rows that a scan comes by.
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

// The k smallest of what was pushed, by operator<. T has a key. Not thread-safe.
template <class T>
class NearestRows {
 public:
  // REQUIRES: k > 0.
  explicit NearestRows(size_t k) : k_(k) {}

  // No larger key enters any more.
  float limit() const {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().key;
  }
  // A key that is no number never enters.
  void Push(const T& near) {
    if (!(near.key <= limit())) return;
    if (heap_.size() == k_) {
      if (!(near < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(near);
    std::push_heap(heap_.begin(), heap_.end());
  }
  // In no order.
  std::vector<T>& rows() { return heap_; }

 private:
  const size_t k_;
  std::vector<T> heap_;
};

}  // namespace sagitta::codec
