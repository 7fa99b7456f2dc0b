#include "store/shard_store.h"

#include <rocksdb/utilities/checkpoint.h>

#include <exception>
#include <utility>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/shard_store_impl.h"
#include "store/value_codec.h"

namespace sagitta::store {
namespace {

constexpr uint64_t kDefaultCacheBytes = 64ull << 20;

}  // namespace

RocksOpenSpec ShardSpec(const std::string& path, const RocksResources& resources,
                        bool create_if_missing) {
  RocksOpenSpec spec;
  spec.path = path;
  spec.what = "shard";
  spec.options = ShardDbOptions(resources);
  for (Family family : kShardFamilies) {
    spec.families.emplace_back(std::string(FamilyName(family)),
                               ShardFamilyOptions(family, resources));
  }
  // RocksDB insists on a family of this name. Nothing is kept in it.
  spec.families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  spec.format_family = Family::kMeta;
  spec.format_handle = FamilyIndex(Family::kMeta);
  spec.format_version = ShardStore::kFormatVersion;
  spec.create_if_missing = create_if_missing;
  return spec;
}

Result<std::unique_ptr<ShardStore>> ShardStore::Open(const std::string& path,
                                                     std::shared_ptr<StoreResources> resources,
                                                     bool create_if_missing) {
  if (resources == nullptr) resources = StoreResources::Create(kDefaultCacheBytes, 2);
  auto rocks = std::static_pointer_cast<RocksResources>(std::move(resources));
  SAGITTA_ASSIGN_OR_RETURN(auto handle,
                           RocksHandle::Open(ShardSpec(path, *rocks, create_if_missing)));
  auto store = std::make_unique<RocksShardStore>(std::move(handle), std::move(rocks));
  SAGITTA_RETURN_IF_ERROR(store->RemoveOrphans());
  return std::unique_ptr<ShardStore>(std::move(store));
}

RocksShardStore::RocksShardStore(std::unique_ptr<RocksHandle> handle,
                                 std::shared_ptr<RocksResources> resources)
    : resources_(std::move(resources)),
      pool_(std::make_shared<BatchPool>()),
      handle_(std::move(handle)) {}

std::unique_ptr<ShardBatch> RocksShardStore::NewBatch() const {
  return std::make_unique<RocksBatch>(handle_->families(), pool_);
}

Status RocksShardStore::Commit(ShardBatch& batch, bool sync) {
  base::MutexLock lock(write_mu_);
  return WriteLocked(static_cast<RocksBatch&>(batch), sync, Reserve::kKept);
}

Status RocksShardStore::WriteLocked(RocksBatch& batch, bool sync, Reserve reserve) {
  SAGITTA_RETURN_IF_ERROR(batch.status());
  return handle_->Write(batch.write_batch(), sync, reserve);
}

Status RocksShardStore::ExpireDedup(int64_t before_ms) {
  constexpr size_t kPerBatch = 4096;  // so that writers never wait long for the lock
  const std::string lower = DedupTimeKey(std::numeric_limits<int64_t>::min(), {});
  const std::string upper = DedupTimeKey(before_ms, {});
  for (size_t removed = kPerBatch; removed == kPerBatch;) {
    removed = 0;
    base::MutexLock lock(write_mu_);
    RocksBatch batch = MakeBatch();
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const rocksdb::Slice bound = ToSlice(upper);
    options.iterate_upper_bound = &bound;
    std::unique_ptr<rocksdb::Iterator> it(db()->NewIterator(options, family(Family::kDedup)));
    for (it->Seek(lower); it->Valid() && removed < kPerBatch; it->Next(), ++removed) {
      const std::optional<DedupTimeParts> parts = ParseDedupTimeKey(ToView(it->key()));
      batch.Delete(Family::kDedup, ToView(it->key()));
      if (!parts.has_value()) continue;
      const std::string by_id = DedupKey(parts->request_id);
      rocksdb::PinnableSlice value;
      SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kDedup, by_id, &value));
      if (!found) continue;
      SAGITTA_ASSIGN_OR_RETURN(const DedupRecord record, DecodeDedup(by_id, ToView(value)));
      // The id may have been used again since.
      if (record.time_ms == parts->time_ms) batch.Delete(Family::kDedup, by_id);
    }
    SAGITTA_RETURN_IF_ERROR(FromRocks(it->status(), what()));
    if (removed > 0) SAGITTA_RETURN_IF_ERROR(WriteLocked(batch, /*sync=*/false));
  }
  return Status::Ok();
}

Status RocksShardStore::Checkpoint(const std::string& path) {
  SAGITTA_FAULT("store.checkpoint");
  if (base::FileExists(path)) return Status::AlreadyExists("checkpoint: " + path + " exists");
  try {
    rocksdb::Checkpoint* raw = nullptr;
    SAGITTA_RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(db(), &raw), what()));
    std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    return FromRocks(checkpoint->CreateCheckpoint(path), "checkpoint of " + what() + " to " + path);
  } catch (const std::exception& e) {
    return Status::Internal("checkpoint of " + what() + ": " + e.what());
  }
}

Status RocksShardStore::VerifyChecksums() {
  return FromRocks(db()->VerifyFileChecksums(rocksdb::ReadOptions()), what());
}

Status RocksShardStore::Flush() {
  SAGITTA_FAULT("store.flush");
  SAGITTA_RETURN_IF_ERROR(handle_->Flush());
  pool_->Clear();
  base::MutexLock lock(write_mu_);
  return handle_->KeepSomethingInMemory();
}

}  // namespace sagitta::store
