// RocksHandle: a RocksDB that is open, with the guards that every open and close of ours has: an
// exclusive lock, refusal of what a newer version wrote, the close seal. Thread-safe as rocksdb::DB
// is.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/status.h"
#include "store/error_state.h"
#include "store/family.h"
#include "store/shard_store.h"

namespace sagitta::store {

struct RocksOpenSpec {
  std::string path;
  std::string what;  // opens error messages: "shard", "catalog"
  rocksdb::DBOptions options;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // "default" among them
  Family format_family = Family::kMeta;  // whose checksum the format version's value carries
  size_t format_handle = 0;              // position in `families` of where that value is
  uint32_t format_version = 1;           // the newest that this build reads, and what it writes
  bool create_if_missing = true;
  // Writes are refused while the disk has less room than this: RocksDB is to meet a full disk
  // seldom, as what has failed in its files it cannot always mend without a new open.
  uint64_t reserve_bytes = 32ull << 20;
};

// Whether a write may go below reserve_bytes: those may that make room sooner or later.
enum class Reserve { kKept, kMayUse };

class RocksHandle {
 public:
  // FAILED_PRECONDITION when it is open elsewhere or a newer version wrote it, DATA_LOSS when it is
  // damaged or (unless create_if_missing) absent.
  static Result<std::unique_ptr<RocksHandle>> Open(RocksOpenSpec spec);
  ~RocksHandle();
  RocksHandle(const RocksHandle&) = delete;
  RocksHandle& operator=(const RocksHandle&) = delete;

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* family(size_t position) const { return families_[position]; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }
  const std::string& path() const { return spec_.path; }
  const std::string& what() const { return what_; }
  const std::shared_ptr<ErrorState>& errors() const { return errors_; }

  // Writes, unless an earlier error or too little room on the disk forbids it. After a full disk it
  // first tries to go on. REQUIRES: one caller at a time.
  Status Write(rocksdb::WriteBatch* batch, bool sync, Reserve reserve = Reserve::kKept);

  // See ShardStore. 0 when the directory cannot be read.
  DiskUse CountDisk() const;
  uint64_t MemtableBytes() const;

  // Flushes every family that holds something, so that no log before this is needed any more.
  // Nothing is in memory then: see KeepSomethingInMemory().
  Status Flush();
  // A write that meets a full disk can only be got over while there is something to flush.
  // REQUIRES: as Write().
  Status KeepSomethingInMemory();

 private:
  explicit RocksHandle(RocksOpenSpec spec);
  Status OpenDb();
  Status CheckKnownFamilies() const;
  Status RestoreMemtableSizes();
  Status CheckFormatVersion();
  Status CheckRoom(uint64_t bytes) const;
  Status GoOnAfterFullDisk();
  bool HasNothingInMemory() const;
  rocksdb::Status MakeFailedWritesUnreachable();
  rocksdb::Status LeaveDeletion(bool sync);

  RocksOpenSpec spec_;
  std::string what_;
  std::shared_ptr<ErrorState> errors_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace sagitta::store
