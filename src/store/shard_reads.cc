#include <algorithm>
#include <numeric>

#include "store/keys.h"
#include "store/rocks_status.h"
#include "store/shard_store_impl.h"
#include "store/value_codec.h"

namespace sagitta::store {
namespace {

// A MultiGet holds its values pinned until it is done: this bounds how many.
constexpr size_t kMultiGetKeys = 512;

// Positions of `keys` in the order of their bytes.
template <typename Keys>
std::vector<uint32_t> SortedOrder(const Keys& keys) {
  std::vector<uint32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
  return order;
}

}  // namespace

Result<bool> RocksShardStore::Get(Family family_id, std::string_view key,
                                  rocksdb::PinnableSlice* value, const StoreSnapshot* at) const {
  rocksdb::ReadOptions options;
  options.snapshot = RocksSnapshot::Of(at);
  const rocksdb::Status status = db()->Get(options, family(family_id), ToSlice(key), value);
  if (status.IsNotFound()) return false;
  if (status.IsCorruption()) {
    return DamagedValue(family_id, key, what() + ": " + status.ToString());
  }
  SAGITTA_RETURN_IF_ERROR(FromRocks(status, what()));
  return true;
}

Status RocksShardStore::MultiGet(
    Family family_id, std::span<const rocksdb::Slice> sorted_keys, const StoreSnapshot* at,
    const std::function<Status(size_t, std::string_view)>& on_value) const {
  rocksdb::ReadOptions options;
  options.snapshot = RocksSnapshot::Of(at);
  const size_t chunk = std::min(sorted_keys.size(), kMultiGetKeys);
  std::vector<rocksdb::PinnableSlice> values(chunk);
  std::vector<rocksdb::Status> statuses(chunk);
  for (size_t begin = 0; begin < sorted_keys.size(); begin += chunk) {
    const size_t n = std::min(chunk, sorted_keys.size() - begin);
    db()->MultiGet(options, family(family_id), n, sorted_keys.data() + begin, values.data(),
                   statuses.data(), /*sorted_input=*/true);
    for (size_t i = 0; i < n; ++i) {
      if (statuses[i].IsNotFound()) continue;
      const std::string_view key = ToView(sorted_keys[begin + i]);
      if (statuses[i].IsCorruption()) {
        return DamagedValue(family_id, key, what() + ": " + statuses[i].ToString());
      }
      SAGITTA_RETURN_IF_ERROR(FromRocks(statuses[i], what()));
      SAGITTA_RETURN_IF_ERROR(on_value(begin + i, ToView(values[i])));
      values[i].Reset();
    }
  }
  return Status::Ok();
}

std::shared_ptr<const StoreSnapshot> RocksShardStore::Snapshot() const {
  return std::make_shared<RocksSnapshot>(db());
}

Result<AppliedState> RocksShardStore::ReadApplied() const {
  rocksdb::PinnableSlice value;
  SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kMeta, kAppliedKey, &value));
  if (!found) return AppliedState{};
  return DecodeApplied(ToView(value));
}

Status RocksShardStore::FindIds(std::span<const std::string> ext_keys,
                                std::vector<std::optional<IdEntry>>* entries,
                                const StoreSnapshot* at) const {
  entries->assign(ext_keys.size(), std::nullopt);
  const std::vector<uint32_t> order = SortedOrder(ext_keys);
  std::vector<rocksdb::Slice> keys;
  keys.reserve(order.size());
  for (uint32_t i : order) keys.emplace_back(ext_keys[i]);
  return MultiGet(Family::kIdMap, keys, at, [&](size_t at, std::string_view value) -> Status {
    SAGITTA_ASSIGN_OR_RETURN((*entries)[order[at]], DecodeIdEntry(ToView(keys[at]), value));
    return Status::Ok();
  });
}

Result<std::optional<RevEntry>> RocksShardStore::FindRev(uint64_t internal_id,
                                                         const StoreSnapshot* at) const {
  const RowKey key(internal_id);
  rocksdb::PinnableSlice value;
  SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kRev, key.view(), &value, at));
  if (!found) return std::optional<RevEntry>();
  SAGITTA_ASSIGN_OR_RETURN(RevEntry entry, DecodeRevEntry(key.view(), ToView(value)));
  return std::optional<RevEntry>(std::move(entry));
}

Result<std::optional<VectorValue>> RocksShardStore::ReadVector(uint64_t internal_id, uint16_t field,
                                                               const StoreSnapshot* at) const {
  const VectorKey key(internal_id, field);
  rocksdb::PinnableSlice value;
  SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kVec, key.view(), &value, at));
  if (!found) return std::optional<VectorValue>();
  SAGITTA_ASSIGN_OR_RETURN(const VectorView vector, DecodeVector(key.view(), ToView(value)));
  return std::optional<VectorValue>(VectorValue(vector.dtype, std::string(vector.bytes)));
}

Status RocksShardStore::ReadVectors(std::span<const uint64_t> internal_ids, uint16_t field,
                                    std::vector<std::optional<VectorValue>>* vectors,
                                    const StoreSnapshot* at) const {
  vectors->assign(internal_ids.size(), std::nullopt);
  const std::vector<uint32_t> order = SortedOrder(internal_ids);
  std::vector<VectorKey> rows;
  std::vector<rocksdb::Slice> keys;
  rows.reserve(order.size());
  keys.reserve(order.size());
  for (uint32_t i : order) {
    rows.emplace_back(internal_ids[i], field);
    keys.push_back(ToSlice(rows.back().view()));
  }
  return MultiGet(Family::kVec, keys, at, [&](size_t at, std::string_view value) -> Status {
    SAGITTA_ASSIGN_OR_RETURN(const VectorView vector, DecodeVector(ToView(keys[at]), value));
    (*vectors)[order[at]] = VectorValue(vector.dtype, std::string(vector.bytes));
    return Status::Ok();
  });
}

Status RocksShardStore::ReadPayloads(std::span<const uint64_t> internal_ids,
                                     std::vector<std::string>* payloads,
                                     const StoreSnapshot* at) const {
  payloads->assign(internal_ids.size(), std::string());
  const std::vector<uint32_t> order = SortedOrder(internal_ids);
  std::vector<RowKey> rows;
  std::vector<rocksdb::Slice> keys;
  rows.reserve(order.size());
  keys.reserve(order.size());
  for (uint32_t i : order) {
    rows.emplace_back(internal_ids[i]);
    keys.push_back(ToSlice(rows.back().view()));
  }
  return MultiGet(Family::kPayload, keys, at, [&](size_t at, std::string_view value) -> Status {
    SAGITTA_ASSIGN_OR_RETURN(const std::string_view body,
                             CheckValue(Family::kPayload, ToView(keys[at]), value));
    (*payloads)[order[at]] = body;
    return Status::Ok();
  });
}

Result<std::optional<std::string>> RocksShardStore::FindDedup(std::string_view request_id,
                                                              int64_t now_ms) const {
  const std::string key = DedupKey(request_id);
  rocksdb::PinnableSlice value;
  SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kDedup, key, &value));
  if (!found) return std::optional<std::string>();
  SAGITTA_ASSIGN_OR_RETURN(const DedupRecord record, DecodeDedup(key, ToView(value)));
  if (now_ms - record.time_ms >= kDedupTtlMs) return std::optional<std::string>();
  return std::optional<std::string>(std::string(record.result));
}

}  // namespace sagitta::store
