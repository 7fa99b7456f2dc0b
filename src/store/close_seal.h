// The file CLOSED in a database's directory: what a clean close left behind, so that the next open
// can tell a file that was cut short or damaged at its end from a write torn by a crash. RocksDB
// itself takes both for a torn write, and would go on without the lost records.
//
// It holds the last sequence number and the length and CRC-32C of RocksDB's MANIFEST, and is never
// removed: the sequence number stays a lower bound, and the MANIFEST is compared only while CURRENT
// still names it (each open begins a new one).
#pragma once

#include <cstdint>
#include <string>

#include "sagitta/status.h"

namespace sagitta::store {

// REQUIRES: the database at `path` is closed, and its log was fsynced.
Status WriteCloseSeal(const std::string& path, uint64_t last_sequence);

// Before an open: DATA_LOSS when CURRENT is missing beside data files, or the MANIFEST is not what
// the seal says. Returns the sequence number that the opened database must have reached, 0 when
// there is no seal (a new directory, a crash before the first clean close, a checkpoint).
Result<uint64_t> CheckBeforeOpen(const std::string& path);

}  // namespace sagitta::store
