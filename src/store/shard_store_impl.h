// RocksShardStore: ShardStore over a RocksHandle. shard_store.cc opens, writes and administers,
// shard_reads.cc looks up, shard_scans.cc scans, shard_manifest.cc keeps manifest and payload
// indexes.
#pragma once

#include <rocksdb/db.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "store/batch.h"
#include "store/family.h"
#include "store/manifest_codec.h"
#include "store/resources.h"
#include "store/rocks_handle.h"
#include "store/shard_store.h"

namespace sagitta::store {

class RocksSnapshot final : public StoreSnapshot {
 public:
  explicit RocksSnapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  RocksSnapshot(const RocksSnapshot&) = delete;
  RocksSnapshot& operator=(const RocksSnapshot&) = delete;

  // For ReadOptions::snapshot; null when `at` is.
  static const rocksdb::Snapshot* Of(const StoreSnapshot* at) {
    return at == nullptr ? nullptr : static_cast<const RocksSnapshot*>(at)->snapshot_;
  }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

// How a shard's database at `path` is opened.
RocksOpenSpec ShardSpec(const std::string& path, const RocksResources& resources,
                        bool create_if_missing);

class RocksShardStore final : public ShardStore {
 public:
  RocksShardStore(std::unique_ptr<RocksHandle> handle, std::shared_ptr<RocksResources> resources);

  std::unique_ptr<ShardBatch> NewBatch() const override;
  Status Commit(ShardBatch& batch, bool sync) override EXCLUDES_LOCK(write_mu_);
  Result<AppliedState> ReadApplied() const override;

  std::shared_ptr<const StoreSnapshot> Snapshot() const override;
  Status FindIds(std::span<const std::string> ext_keys,
                 std::vector<std::optional<IdEntry>>* entries,
                 const StoreSnapshot* at = nullptr) const override;
  Result<std::optional<RevEntry>> FindRev(uint64_t internal_id,
                                          const StoreSnapshot* at = nullptr) const override;
  Result<std::optional<VectorValue>> ReadVector(uint64_t internal_id, uint16_t field,
                                                const StoreSnapshot* at = nullptr) const override;
  Status ReadVectors(std::span<const uint64_t> internal_ids, uint16_t field,
                     std::vector<std::optional<VectorValue>>* vectors,
                     const StoreSnapshot* at = nullptr) const override;
  Status ReadPayloads(std::span<const uint64_t> internal_ids, std::vector<std::string>* payloads,
                      const StoreSnapshot* at = nullptr) const override;
  Result<std::optional<std::string>> FindDedup(std::string_view request_id,
                                               int64_t now_ms) const override;

  Status ScanPayloads(uint64_t first, uint64_t last,
                      const std::function<bool(uint64_t, std::string_view)>& visit,
                      const StoreSnapshot* at = nullptr) const override;
  Status ScanVectors(uint64_t first, uint64_t last,
                     const std::function<bool(uint64_t, uint16_t, Dtype, std::string_view)>& visit,
                     const StoreSnapshot* at = nullptr) const override;
  Status ScanRevs(uint64_t first, uint64_t last,
                  const std::function<bool(uint64_t, const RevEntry&)>& visit,
                  const StoreSnapshot* at = nullptr) const override;
  Status ScanIds(std::string_view after,
                 const std::function<bool(std::string_view, const IdEntry&)>& visit,
                 const StoreSnapshot* at = nullptr) const override;
  Status ScanExpired(int64_t now_ms, const std::function<bool(uint64_t, int64_t)>& visit,
                     const StoreSnapshot* at = nullptr) const override;
  Status ReplayLog(
      uint64_t after,
      const std::function<Status(uint64_t, std::span<const LogOp>)>& visit) const override;
  Status ExpireDedup(int64_t before_ms) override EXCLUDES_LOCK(write_mu_);

  Result<Manifest> ReadManifest() const override;
  Status CommitManifest(const Manifest& manifest) override EXCLUDES_LOCK(write_mu_);
  Status PutPayloadIndex(std::string_view segment_uuid, std::string_view path,
                         std::string_view bytes) override EXCLUDES_LOCK(write_mu_);
  Result<std::optional<std::string>> ReadPayloadIndex(std::string_view segment_uuid,
                                                      std::string_view path) const override;
  Status RemovePayloadIndex(std::string_view path) override EXCLUDES_LOCK(write_mu_);

  Status Checkpoint(const std::string& path) override;
  Status VerifyChecksums() override;
  DiskUse CountDisk() const override { return handle_->CountDisk(); }
  uint64_t MemtableBytes() const override { return handle_->MemtableBytes(); }
  Status Flush() override EXCLUDES_LOCK(write_mu_);
  Status health() const override { return handle_->errors()->status(); }

  // Payload indexes of segments that no manifest lists: left by a build that a crash ended.
  // REQUIRES: called once, before any other write.
  Status RemoveOrphans() EXCLUDES_LOCK(write_mu_);

 private:
  enum class Step { kGoOn, kStop };

  RocksBatch MakeBatch() const { return RocksBatch(handle_->families(), pool_); }
  Status WriteLocked(RocksBatch& batch, bool sync, Reserve reserve = Reserve::kMayUse)
      REQUIRES_LOCK(write_mu_);

  // The value under `key`, pinned; nullopt when there is none.
  Result<bool> Get(Family family, std::string_view key, rocksdb::PinnableSlice* value,
                   const StoreSnapshot* at = nullptr) const;

  // Calls on_value(i, value) for each of `keys` that is there. REQUIRES: keys sorted.
  Status MultiGet(Family family, std::span<const rocksdb::Slice> sorted_keys,
                  const StoreSnapshot* at,
                  const std::function<Status(size_t, std::string_view)>& on_value) const;

  // Calls visit(key, value), which returns Result<Step>, for the keys of [lower, upper) in order;
  // upper = "" for no bound.
  template <typename Visit>
  Status Scan(Family family, std::string_view lower, std::string_view upper,
              const StoreSnapshot* at, Visit&& visit) const;

  // Calls visit(segment, path) for every stored payload index.
  Status ScanPayloadIndexKeys(
      const std::function<void(std::string_view segment_uuid, std::string_view path)>& visit) const;
  Result<std::optional<ManifestList>> ReadManifestList() const;

  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return handle_->family(FamilyIndex(family));
  }
  rocksdb::DB* db() const { return handle_->db(); }
  const std::string& what() const { return handle_->what(); }

  // Destroyed after handle_: the database uses the cache and threads until it is closed.
  std::shared_ptr<RocksResources> resources_;
  std::shared_ptr<BatchPool> pool_;
  std::unique_ptr<RocksHandle> handle_;
  base::Mutex write_mu_;
};

// The range of rows [first, last] as keys; `upper` is "" when last is the greatest number.
struct RowRange {
  std::string lower;
  std::string upper;
  RowRange(uint64_t first, uint64_t last);
};

}  // namespace sagitta::store
