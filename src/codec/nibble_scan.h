// NibbleScan: a quick look at all rows by tables of 7 bits, then the keys of those that it puts no
// further than four of its standard errors behind the k-th.
#pragma once

#include <vector>

#include "codec/codec.h"
#include "codec/nearest_rows.h"
#include "codec/nibble_query.h"

namespace sagitta::codec {

class NibbleScan final : public CodecScan {
 public:
  // REQUIRES: `query` outlives it.
  NibbleScan(const NibbleQuery& query, size_t k);
  void Add(const StoredRows& rows) override;
  void Finish(std::vector<Near>* out) override;

 private:
  // The tables in 7 bits.
  struct QuickTables {
    std::vector<uint8_t> tables;
    float base = 0, step = 0;  // bias + sum is about base + step · quick sum
    float error = 0;           // the standard error of that
  };
  struct Candidate {
    float least;  // the key is hardly smaller, by the quick look
    uint32_t row;
    const uint8_t* block;
    uint32_t place;  // in the block
  };

  static QuickTables MakeQuickTables(const QueryTables& query);
  // Takes the rows of a block that are wanted and may be near.
  void Take(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums);
  void TakeFew(const uint8_t* block, uint64_t wanted, uint32_t first);
  void Keep(const Candidate& candidate, float key);
  // Forgets the candidates that are too far by now.
  void Sift();

  const NibbleQuery& query_;
  const RowLayout& layout_;
  const size_t k_;
  const QuickTables quick_;
  const float margin_;         // of a product
  NearestRows<Near> nearest_;  // by the quick look
  std::vector<Candidate> candidates_;
  size_t sift_at_;  // candidates
};

}  // namespace sagitta::codec
