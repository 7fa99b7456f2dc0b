// RowScan: the scan of rows that are stored as they were encoded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/codec.h"
#include "codec/nearest_rows.h"

namespace sagitta::codec {

// Which of the 64 rows from 64·block on are there and wanted.
uint64_t WantedOf(const StoredRows& rows, size_t block);
// The same of n blocks from `begin` on; whether they are more than `few` in one of these.
bool WantedOfBlocks(const StoredRows& rows, size_t begin, size_t n, int few, uint64_t* wanted);

class RowScan final : public CodecScan {
 public:
  // Of rows of `code_bytes` bytes. REQUIRES: `query` outlives it.
  RowScan(const CodecQuery& query, size_t code_bytes, size_t k)
      : query_(query), code_bytes_(code_bytes), nearest_(k) {}
  void Add(const StoredRows& rows) override;
  void Finish(std::vector<Near>* out) override;

 private:
  const CodecQuery& query_;
  const size_t code_bytes_;
  NearestRows<Near> nearest_;
};

}  // namespace sagitta::codec
