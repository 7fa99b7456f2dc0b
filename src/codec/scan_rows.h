// Scans of rows that are stored as they were encoded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/codec.h"

namespace sagitta::codec {

// Which of the 64 rows from 64·block on are there and wanted.
uint64_t WantedOf(const StoredRows& rows, size_t block);

// CodecQuery::Scan of rows of `code_bytes` bytes, which lie one behind the other.
void ScanRows(const CodecQuery& query, size_t code_bytes, const StoredRows& rows,
              NearestRows* nearest);

}  // namespace sagitta::codec
