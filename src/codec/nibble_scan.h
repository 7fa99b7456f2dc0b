// NibbleScan: a quick look at all rows by tables of 7 bits, then the keys of those that it puts no
// further than four of its standard errors behind the k-th.
#pragma once

#include <vector>

#include "codec/codec.h"
#include "codec/nibble_query.h"
#include "codec/quick_tables.h"
#include "codec/scan_candidates.h"

namespace sagitta::codec {

class NibbleScan final : public CodecScan {
 public:
  // REQUIRES: `query` outlives it.
  NibbleScan(const NibbleQuery& query, size_t k);
  void Add(const StoredRows& rows) override;
  void Finish(std::vector<Near>* out) override;

 private:
  // Takes the rows of a block that are wanted and may be near.
  void Take(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums);
  void TakeFew(const uint8_t* block, uint64_t wanted, uint32_t first);

  const NibbleQuery& query_;
  const RowLayout& layout_;
  const size_t k_;
  const QuickTables quick_;
  const float base_;    // of the quick sums, with the query's bias
  const float margin_;  // of a product
  ScanCandidates candidates_;
};

}  // namespace sagitta::codec
