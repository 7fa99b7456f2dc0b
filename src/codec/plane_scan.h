// PlaneScan: a look at all rows by the highest bit of each number, then the other bits of those
// rows alone that this puts no further than three of its standard errors behind the k-th. Those
// that look nearest are compared at once, so that the k-th is known well before the others are.
#pragma once

#include <vector>

#include "codec/codec.h"
#include "codec/nibble_query.h"
#include "codec/plane_layout.h"
#include "codec/quick_tables.h"
#include "codec/scan_candidates.h"

namespace sagitta::codec {

class PlaneScan final : public CodecScan {
 public:
  // REQUIRES: `query` and `layout` outlive it.
  PlaneScan(const NibbleQuery& query, const PlaneLayout& layout, size_t k);
  void Add(const StoredRows& rows) override;
  void Finish(std::vector<Near>* out) override;

 private:
  // A row that may be near.
  struct Seen {
    ScanCandidate candidate;
    float head;  // what its highest bits add to the sum
    float norm;
  };

  // How wrong the look is, by a few of the rows.
  void LearnFrom(const StoredRows& rows);
  // Of a block, the rows that are wanted and may be near: to next_ or later_.
  void Look(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums);
  void LookAtFew(const uint8_t* block, uint64_t wanted, uint32_t first);
  // Compares what was seen by all bits.
  void Rank(std::vector<Seen>* seen);
  // Forgets what is too far by now.
  void SiftLater();

  static constexpr size_t kLeastSifted = 1024;

  const NibbleQuery& query_;
  const PlaneLayout& layout_;
  const size_t k_;
  std::vector<float> head_weights_, rest_weights_;  // of bits, by planes
  QuickTables quick_;                               // of the highest bits
  float slack_ = 0;  // a product by the quick look and the other bits is as wrong
  // A sum of signed numbers is base + slope times the highest bits' sum. Of the query's numbers:
  float base_ = 0, slope_ = 0;
  double length_ = 0;
  bool learned_ = false;
  float margin_ = 0;  // of a product by the highest bits
  ScanCandidates candidates_;
  NearestRows<Near> nearest_;      // by the look
  std::vector<Seen> seen_, next_;  // with other bits that are on their way to the caches
  std::vector<Seen> later_;
  size_t sift_at_ = kLeastSifted;  // rows of later_
};

}  // namespace sagitta::codec
