// RocksBatch: a ShardBatch over one rocksdb::WriteBatch. Vectors are copied once, into the batch;
// its buffer comes from a pool, as it is large and made again for every commit. Thread-compatible.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "store/family.h"
#include "store/shard_store.h"

namespace sagitta::store {

// Empty batches whose buffers have grown already. Thread-safe.
class BatchPool {
 public:
  std::unique_ptr<rocksdb::WriteBatch> Take() EXCLUDES_LOCK(mu_);
  void Return(std::unique_ptr<rocksdb::WriteBatch> batch) EXCLUDES_LOCK(mu_);
  void Clear() EXCLUDES_LOCK(mu_);  // gives the buffers back

 private:
  base::Mutex mu_;
  std::vector<std::unique_ptr<rocksdb::WriteBatch>> free_ GUARDED_BY(mu_);
};

class RocksBatch final : public ShardBatch {
 public:
  // `families` in the order of kShardFamilies.
  RocksBatch(std::vector<rocksdb::ColumnFamilyHandle*> families, std::shared_ptr<BatchPool> pool);
  ~RocksBatch() override;

  void PutPoint(const std::string& ext_key, uint64_t internal_id, uint64_t version,
                int64_t expires_at_ms, std::span<const StoredVector> vectors,
                std::string_view payload) override;
  void DeleteRow(const std::string& ext_key, const IdEntry& old, uint16_t field_count,
                 bool remove_id) override;
  void AppendLog(uint64_t seq, std::span<const LogOp> ops) override;
  void PutDedup(std::string_view request_id, int64_t now_ms, std::string_view result) override;
  void SetApplied(uint64_t seq, uint64_t next_internal_id) override;
  size_t bytes() const override { return batch_->GetDataSize(); }

  // A value made of its header and one or two parts of its body.
  void Put(Family family, std::string_view key, std::string_view body, std::string_view more = {});
  void Delete(Family family, std::string_view key);
  // Keys of [begin, end).
  void DeleteRange(Family family, std::string_view begin, std::string_view end);

  rocksdb::WriteBatch* write_batch() { return batch_.get(); }
  // The first thing that could not be added; Commit returns it and writes nothing.
  const Status& status() const { return status_; }

 private:
  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return families_[FamilyIndex(family)];
  }
  void PutVector(uint64_t internal_id, const StoredVector& vector);
  void Note(const rocksdb::Status& status);

  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::shared_ptr<BatchPool> pool_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  Status status_;
};

}  // namespace sagitta::store
