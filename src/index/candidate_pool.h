// The candidates of a graph's traversal: the best one whose links were not yet followed comes next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/codes.h"

namespace sagitta::index {

// At most `limit` candidates, sorted by key. Shifting a few hundred bytes costs less than a heap's
// scattered compares.
class CandidatePool {
 public:
  static constexpr uint32_t kNone = 0xFFFFFFFF;

  struct Entry {
    float key;
    uint32_t position;
  };

  void Start(size_t limit) {
    if (keys_.size() < limit) {
      keys_.resize(limit);
      ids_.resize(limit);
    }
    pool_ = {keys_.data(), ids_.data(), 0, limit};
    next_ = 0;
  }
  // Keeps the best `limit` from now on. What was let go before does not come back.
  void SetLimit(size_t limit) {
    if (keys_.size() < limit) {
      keys_.resize(limit);
      ids_.resize(limit);
    }
    pool_ = {keys_.data(), ids_.data(), std::min(pool_.size, limit), limit};
    next_ = std::min(next_, pool_.size);
  }
  // A candidate enters when it is better than the worst of a full pool.
  void Offer(const float* keys, const uint32_t* positions, size_t n) {
    next_ = std::min(next_, offer_(&pool_, keys, positions, n));
  }
  // What a key must be below to enter.
  float limit() const {
    return pool_.size < pool_.limit ? std::numeric_limits<float>::infinity()
                                    : keys_[pool_.size - 1];
  }
  // False when all are expanded.
  bool Next(uint32_t* position) {
    if (next_ == pool_.size) return false;
    *position = ids_[next_];
    ids_[next_++] |= kExpanded;
    while (next_ < pool_.size && (ids_[next_] & kExpanded) != 0) ++next_;
    return true;
  }
  // What Next would give if nothing better came, or kNone.
  uint32_t Peek() const { return next_ < pool_.size ? ids_[next_] : kNone; }
  size_t size() const { return pool_.size; }
  Entry operator[](size_t i) const { return {keys_[i], ids_[i] & ~kExpanded}; }

 private:
  static constexpr uint32_t kExpanded = 0x80000000;  // positions are below 2^31

  const kernels::OfferFn offer_ = kernels::Codes().offer;
  std::vector<float> keys_;
  std::vector<uint32_t> ids_;
  kernels::SortedPool pool_{};
  size_t next_ = 0;  // the first that is not expanded
};

}  // namespace sagitta::index
