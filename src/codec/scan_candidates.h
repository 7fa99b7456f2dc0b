// The rows of a scan that may be among the k nearest, for what is known of their keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/nearest_rows.h"

namespace sagitta::codec {

struct ScanCandidate {
  float least;  // the key is hardly smaller
  uint32_t row;
  const uint8_t* block;
  uint32_t place;  // in the block
};

class ScanCandidates {
 public:
  // REQUIRES: k > 0.
  explicit ScanCandidates(size_t k) : nearest_(k), sift_at_(std::max(2 * k, kLeastSifted)) {}

  // No row whose key is larger is among the k nearest, by the keys that were seen.
  float limit() const { return nearest_.limit(); }
  // `key` is the best guess.
  void Keep(const ScanCandidate& candidate, float key) {
    if (!(candidate.least <= nearest_.limit())) return;
    candidates_.push_back(candidate);
    nearest_.Push({key, candidate.row});
    if (candidates_.size() >= sift_at_) Sift();
  }
  // Those that are left, in the order in which they came.
  const std::vector<ScanCandidate>& Sift() {
    const float limit = nearest_.limit();
    std::erase_if(candidates_, [&](const ScanCandidate& c) { return c.least > limit; });
    sift_at_ = std::max(sift_at_, 2 * candidates_.size());
    return candidates_;
  }

 private:
  static constexpr size_t kLeastSifted = 256;

  NearestRows<Near> nearest_;
  std::vector<ScanCandidate> candidates_;
  size_t sift_at_;  // candidates
};

// Leaves the k nearest, nearest first.
inline void KeepNearest(size_t k, std::vector<Near>* rows) {
  const size_t n = std::min(k, rows->size());
  std::partial_sort(rows->begin(), rows->begin() + static_cast<ptrdiff_t>(n), rows->end());
  rows->resize(n);
}

}  // namespace sagitta::codec
