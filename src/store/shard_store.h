// ShardStore: one shard's RocksDB, the source of truth of its points. The only users of RocksDB
// live in this room. Keys and values are in docs/storage.md; every value carries a format byte and
// a CRC-32C, so that a damaged one is DATA_LOSS and never a wrong answer.
//
// Thread-safe for reads; Commit and the manifest calls are for one thread at a time each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/point.h"
#include "sagitta/status.h"

namespace sagitta::store {

// Shared by all shards of a process: cache, write buffer manager, rate limiter, background threads.
class StoreResources {
 public:
  // `cache_bytes` bounds block and blob cache and memtables together.
  static std::shared_ptr<StoreResources> Create(uint64_t cache_bytes, uint32_t background_threads);
  virtual ~StoreResources() = default;
  virtual uint64_t CacheBytesUsed() const = 0;
};

// Where a point's present state is.
struct IdEntry {
  uint64_t internal_id = 0;
  uint64_t version = 0;  // sequence number that wrote it
  int64_t expires_at_ms = 0;
};

struct RevEntry {
  std::string ext_key;  // PointId::Encode()
  uint64_t version = 0;
  int64_t expires_at_ms = 0;
};

struct StoredVector {
  uint16_t field = 0;  // position in the schema
  VectorValue value;
};

// One operation of the log, enough to replay it over segments.
struct LogOp {
  enum class Kind : uint8_t { kPut = 1, kDelete = 2 };  // DO NOT CHANGE: stored
  Kind kind = Kind::kPut;
  uint64_t internal_id = 0;  // kPut: the new row; kDelete: the row that died
  uint64_t replaced = 0;     // kPut: the row that it replaces, 0 = none
};

// One batch of writes, committed whole or not at all.
class ShardBatch {
 public:
  virtual ~ShardBatch() = default;
  virtual void PutPoint(const std::string& ext_key, uint64_t internal_id, uint64_t version,
                        int64_t expires_at_ms, std::span<const StoredVector> vectors,
                        std::string_view payload) = 0;
  // Removes the row's data; `remove_id`: and the id's entry, which a PutPoint would have replaced.
  virtual void DeleteRow(const std::string& ext_key, const IdEntry& old, uint16_t field_count,
                         bool remove_id) = 0;
  virtual void AppendLog(uint64_t seq, std::span<const LogOp> ops) = 0;
  virtual void PutDedup(std::string_view request_id, int64_t now_ms, std::string_view result) = 0;
  virtual void SetApplied(uint64_t seq, uint64_t next_internal_id) = 0;
  virtual size_t bytes() const = 0;
};

struct AppliedState {
  uint64_t applied_seq = 0;
  uint64_t next_internal_id = 1;
};

// A live sealed segment. `tombstones` is the portable Roaring form of its dead rows at sealed_upto.
struct ManifestSegment {
  std::string uuid;
  uint64_t rows = 0;
  std::string tombstones;
};

// The shard's segments as of operation `sealed_upto`: replaying the log after it gives the present.
struct Manifest {
  uint64_t generation = 0;
  uint64_t sealed_upto = 0;
  std::vector<ManifestSegment> segments;
};

// Bytes that the store's files take on the disk, what is reserved for them included.
struct DiskUse {
  uint64_t wal = 0;     // write-ahead logs
  uint64_t tables = 0;  // everything else
};

// A state of the store that later commits do not change. Must be gone before the store is.
class StoreSnapshot {
 public:
  virtual ~StoreSnapshot() = default;
};

class ShardStore {
 public:
  // The newest format of a shard's database that this build reads, and the one that it writes.
  static constexpr uint32_t kFormatVersion = 1;
  // How long a request id is remembered.
  static constexpr int64_t kDedupTtlMs = 24ll * 60 * 60 * 1000;

  // DATA_LOSS naming the file when RocksDB finds damage, or when nothing is there and it is not to
  // be created; FAILED_PRECONDITION when it is open elsewhere or a newer version wrote it. Batches
  // and resources: batches must be gone before the store is, `resources` is kept as long as needed.
  static Result<std::unique_ptr<ShardStore>> Open(const std::string& path,
                                                  std::shared_ptr<StoreResources> resources,
                                                  bool create_if_missing = true);
  virtual ~ShardStore() = default;

  virtual std::unique_ptr<ShardBatch> NewBatch() const = 0;
  // `sync`: fsynced when it returns. After an I/O error the store is read-only (UNAVAILABLE, with
  // the reason) until it is opened anew; after a full disk (RESOURCE_EXHAUSTED) the next Commit
  // tries to go on.
  virtual Status Commit(ShardBatch& batch, bool sync) = 0;
  virtual Result<AppliedState> ReadApplied() const = 0;

  // The newest state. Cheap: one is taken after every commit. As long as it lives, the store keeps
  // what it sees: hold it for a search, not for a day.
  virtual std::shared_ptr<const StoreSnapshot> Snapshot() const = 0;

  // The reads below see the state `at`, a snapshot of this very store; null = the newest.
  virtual Status FindIds(std::span<const std::string> ext_keys,
                         std::vector<std::optional<IdEntry>>* entries,
                         const StoreSnapshot* at = nullptr) const = 0;
  virtual Result<std::optional<RevEntry>> FindRev(uint64_t internal_id,
                                                  const StoreSnapshot* at = nullptr) const = 0;
  // nullopt when the row has no vector of that field.
  virtual Result<std::optional<VectorValue>> ReadVector(
      uint64_t internal_id, uint16_t field, const StoreSnapshot* at = nullptr) const = 0;
  // Those of one field of many rows.
  virtual Status ReadVectors(std::span<const uint64_t> internal_ids, uint16_t field,
                             std::vector<std::optional<VectorValue>>* vectors,
                             const StoreSnapshot* at = nullptr) const = 0;
  // "" where absent.
  virtual Status ReadPayloads(std::span<const uint64_t> internal_ids,
                              std::vector<std::string>* payloads,
                              const StoreSnapshot* at = nullptr) const = 0;
  // In order of internal id over [first, last]; visit returns false to stop.
  virtual Status ScanPayloads(uint64_t first, uint64_t last,
                              const std::function<bool(uint64_t, std::string_view)>& visit,
                              const StoreSnapshot* at = nullptr) const = 0;
  virtual Status ScanVectors(uint64_t first, uint64_t last,
                             const std::function<bool(uint64_t internal_id, uint16_t field,
                                                      Dtype dtype, std::string_view bytes)>& visit,
                             const StoreSnapshot* at = nullptr) const = 0;
  virtual Status ScanRevs(uint64_t first, uint64_t last,
                          const std::function<bool(uint64_t, const RevEntry&)>& visit,
                          const StoreSnapshot* at = nullptr) const = 0;
  // In order of ext_key, from the first > `after`.
  virtual Status ScanIds(std::string_view after,
                         const std::function<bool(std::string_view ext_key, const IdEntry&)>& visit,
                         const StoreSnapshot* at = nullptr) const = 0;
  // Rows whose expiry is ≤ now_ms, oldest first.
  virtual Status ScanExpired(int64_t now_ms,
                             const std::function<bool(uint64_t internal_id, int64_t)>& visit,
                             const StoreSnapshot* at = nullptr) const = 0;

  // Operations with sequence number > `after`, in order.
  virtual Status ReplayLog(
      uint64_t after,
      const std::function<Status(uint64_t seq, std::span<const LogOp>)>& visit) const = 0;
  virtual Result<std::optional<std::string>> FindDedup(std::string_view request_id,
                                                       int64_t now_ms) const = 0;
  virtual Status ExpireDedup(int64_t before_ms) = 0;

  virtual Result<Manifest> ReadManifest() const = 0;  // generation 0 when none was written
  // One synced write: the manifest, its segments' payload indexes (see PutPayloadIndex), and the
  // removal of the log up to sealed_upto and of payload indexes of segments that leave the
  // manifest. FAILED_PRECONDITION unless its generation is above the stored one and sealed_upto not
  // below.
  virtual Status CommitManifest(const Manifest& manifest) = 0;

  // A segment's serialised payload index, fsynced. Kept until its segment leaves the manifest or it
  // is removed; those of segments that never were in the manifest go at the next Open.
  virtual Status PutPayloadIndex(std::string_view segment_uuid, std::string_view path,
                                 std::string_view bytes) = 0;
  virtual Result<std::optional<std::string>> ReadPayloadIndex(std::string_view segment_uuid,
                                                              std::string_view path) const = 0;
  virtual Status RemovePayloadIndex(std::string_view path) = 0;

  // A consistent copy (hard links where it can) at `path`, which must not exist.
  virtual Status Checkpoint(const std::string& path) = 0;
  // Checks every file against its checksum: DATA_LOSS naming the file.
  virtual Status VerifyChecksums() = 0;
  virtual DiskUse CountDisk() const = 0;
  // Of memtables that hold something: what Flush() would set free.
  virtual uint64_t MemtableBytes() const = 0;
  // Writes what is in memory and in the log into tables, and lets go of both; searches and commits
  // go on. Worth it when no commits are expected, else it makes many small tables.
  // RESOURCE_EXHAUSTED, and nothing is done, when the disk has no room for it.
  virtual Status Flush() = 0;
  // Why the store is read-only; OK when it is not.
  virtual Status health() const = 0;
};

}  // namespace sagitta::store
