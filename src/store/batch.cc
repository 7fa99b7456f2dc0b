#include "store/batch.h"

#include <limits>
#include <utility>

#include "store/keys.h"
#include "store/rocks_status.h"
#include "store/value_codec.h"

namespace sagitta::store {
namespace {

constexpr size_t kPooledBatches = 4;
constexpr size_t kPooledBytes = 8u << 20;  // a larger buffer is rare and not worth keeping

}  // namespace

std::unique_ptr<rocksdb::WriteBatch> BatchPool::Take() {
  base::MutexLock lock(mu_);
  if (free_.empty()) return std::make_unique<rocksdb::WriteBatch>();
  auto batch = std::move(free_.back());
  free_.pop_back();
  return batch;
}

void BatchPool::Return(std::unique_ptr<rocksdb::WriteBatch> batch) {
  if (batch->GetDataSize() > kPooledBytes) return;
  batch->Clear();
  base::MutexLock lock(mu_);
  if (free_.size() < kPooledBatches) free_.push_back(std::move(batch));
}

void BatchPool::Clear() {
  std::vector<std::unique_ptr<rocksdb::WriteBatch>> unused;  // goes after the lock
  base::MutexLock lock(mu_);
  unused.swap(free_);
}

RocksBatch::RocksBatch(std::vector<rocksdb::ColumnFamilyHandle*> families,
                       std::shared_ptr<BatchPool> pool)
    : families_(std::move(families)), pool_(std::move(pool)), batch_(pool_->Take()) {}

RocksBatch::~RocksBatch() { pool_->Return(std::move(batch_)); }

void RocksBatch::Note(const rocksdb::Status& status) {
  if (!status.ok() && status_.ok()) status_ = FromRocks(status, "write batch");
}

void RocksBatch::Put(Family family, std::string_view key, std::string_view body,
                     std::string_view more) {
  char header[kValueHeaderBytes];
  EncodeValueHeader(family, key, body, more, header);
  const rocksdb::Slice key_part = ToSlice(key);
  const rocksdb::Slice parts[] = {{header, sizeof(header)}, ToSlice(body), ToSlice(more)};
  Note(batch_->Put(handle(family), rocksdb::SliceParts(&key_part, 1),
                   rocksdb::SliceParts(parts, 3)));
}

void RocksBatch::Delete(Family family, std::string_view key) {
  Note(batch_->Delete(handle(family), ToSlice(key)));
}

void RocksBatch::DeleteRange(Family family, std::string_view begin, std::string_view end) {
  Note(batch_->DeleteRange(handle(family), ToSlice(begin), ToSlice(end)));
}

void RocksBatch::PutVector(uint64_t internal_id, const StoredVector& vector) {
  const std::string_view bytes = vector.value.bytes;
  if (bytes.size() % DtypeBytes(vector.value.dtype) != 0 ||
      bytes.size() / DtypeBytes(vector.value.dtype) > std::numeric_limits<uint16_t>::max()) {
    if (status_.ok()) {
      status_ = Status::InvalidArgument(
          "vectors[" + std::to_string(vector.field) + "]",
          "has " + std::to_string(bytes.size()) +
              " bytes; allowed is a whole number of elements, at most 65,535");
    }
    return;
  }
  const VectorKey key(internal_id, vector.field);
  char header[kVectorHeaderBytes];
  EncodeVectorHeader(key.view(), vector.value.dtype, bytes, header);
  const rocksdb::Slice key_part = ToSlice(key.view());
  const rocksdb::Slice parts[] = {{header, sizeof(header)}, ToSlice(bytes)};
  Note(batch_->Put(handle(Family::kVec), rocksdb::SliceParts(&key_part, 1),
                   rocksdb::SliceParts(parts, 2)));
}

void RocksBatch::PutPoint(const std::string& ext_key, uint64_t internal_id, uint64_t version,
                          int64_t expires_at_ms, std::span<const StoredVector> vectors,
                          std::string_view payload) {
  const RowKey row(internal_id);
  Put(Family::kIdMap, ext_key, EncodeIdEntry({internal_id, version, expires_at_ms}));
  Put(Family::kRev, row.view(), EncodeRevEntry(ext_key, version, expires_at_ms));
  for (const StoredVector& vector : vectors) PutVector(internal_id, vector);
  if (!payload.empty()) Put(Family::kPayload, row.view(), payload);
  if (expires_at_ms != 0) Put(Family::kMeta, ExpiryKey(expires_at_ms, internal_id), {});
}

void RocksBatch::DeleteRow(const std::string& ext_key, const IdEntry& old, uint16_t field_count,
                           bool remove_id) {
  const RowKey row(old.internal_id);
  if (remove_id) Delete(Family::kIdMap, ext_key);
  Delete(Family::kRev, row.view());
  for (uint16_t field = 0; field < field_count; ++field) {
    Delete(Family::kVec, VectorKey(old.internal_id, field).view());
  }
  Delete(Family::kPayload, row.view());
  if (old.expires_at_ms != 0) {
    Delete(Family::kMeta, ExpiryKey(old.expires_at_ms, old.internal_id));
  }
}

void RocksBatch::AppendLog(uint64_t seq, std::span<const LogOp> ops) {
  Put(Family::kOplog, RowKey(seq).view(), EncodeLogOps(ops));
}

void RocksBatch::PutDedup(std::string_view request_id, int64_t now_ms, std::string_view result) {
  Put(Family::kDedup, DedupKey(request_id), EncodeDedup(now_ms, result));
  Put(Family::kDedup, DedupTimeKey(now_ms, request_id), {});
}

void RocksBatch::SetApplied(uint64_t seq, uint64_t next_internal_id) {
  Put(Family::kMeta, kAppliedKey, EncodeApplied({seq, next_internal_id}));
}

}  // namespace sagitta::store
