// NibbleScan: a quick look at all rows by tables of 7 bits, then the keys of those that it puts no
// further than four of its standard errors behind the k-th. Where the half of the look-ups that
// decides more tells most rows from near ones, the other half follows in blocks where one may be.
#pragma once

#include <vector>

#include "codec/codec.h"
#include "codec/nibble_query.h"
#include "codec/quick_tables.h"
#include "codec/scan_candidates.h"
#include "codec/second_look.h"

namespace sagitta::codec {

class NibbleScan final : public CodecScan {
 public:
  // REQUIRES: `query` outlives it.
  NibbleScan(const NibbleQuery& query, size_t k);
  void Add(const StoredRows& rows) override;
  void Finish(std::vector<Near>* out) override;

 private:
  // At n blocks, of which `wanted` rows are, by all look-ups or by some first.
  void LookOnce(const uint8_t* data, size_t n, const uint64_t* wanted, uint32_t first);
  void LookTwice(const uint8_t* data, size_t n, const uint64_t* wanted, uint32_t first);
  // The rows whose keys by the quick sums, with so much more, are in reach.
  uint64_t Within(const uint32_t* sums, float more, const BlockNumbers& numbers) const;
  // Takes the rows of a block that are wanted and may be near. `second` is the part of their sums
  // that a second look found; may be null.
  void Take(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums,
            const uint32_t* second);
  void TakeFew(const uint8_t* block, uint64_t wanted, uint32_t first);

  const NibbleQuery& query_;
  const RowLayout& layout_;
  const size_t k_;
  const QuickTables quick_;
  const float base_;    // of the quick sums, with the query's bias
  const float margin_;  // of a product
  ScanCandidates candidates_;
  SecondLook second_;
  bool twice_;
  size_t blocks_ = 0, looked_twice_ = 0;
};

}  // namespace sagitta::codec
