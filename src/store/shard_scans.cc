#include <limits>

#include "store/keys.h"
#include "store/rocks_status.h"
#include "store/shard_store_impl.h"
#include "store/value_codec.h"

namespace sagitta::store {

RowRange::RowRange(uint64_t first, uint64_t last) : lower(RowKey(first).view()) {
  if (last != std::numeric_limits<uint64_t>::max()) upper = RowKey(last + 1).view();
}

template <typename Visit>
Status RocksShardStore::Scan(Family family_id, std::string_view lower, std::string_view upper,
                             const StoreSnapshot* at, Visit&& visit) const {
  rocksdb::ReadOptions options;
  options.snapshot = RocksSnapshot::Of(at);
  // A scan reads each block once: it must not push out what lookups use.
  options.fill_cache = false;
  options.readahead_size = 2u << 20;
  const rocksdb::Slice bound = ToSlice(upper);
  if (!upper.empty()) options.iterate_upper_bound = &bound;
  std::unique_ptr<rocksdb::Iterator> it(db()->NewIterator(options, family(family_id)));
  for (it->Seek(ToSlice(lower)); it->Valid(); it->Next()) {
    SAGITTA_ASSIGN_OR_RETURN(const Step step, visit(ToView(it->key()), ToView(it->value())));
    if (step == Step::kStop) break;
  }
  return FromRocks(it->status(), what() + ", column family " + std::string(FamilyName(family_id)));
}

Status RocksShardStore::ScanPayloads(uint64_t first, uint64_t last,
                                     const std::function<bool(uint64_t, std::string_view)>& visit,
                                     const StoreSnapshot* at) const {
  if (first > last) return Status::Ok();
  const RowRange range(first, last);
  return Scan(Family::kPayload, range.lower, range.upper, at,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_ASSIGN_OR_RETURN(const std::string_view body,
                                         CheckValue(Family::kPayload, key, value));
                const std::optional<uint64_t> row = ParseRowKey(key);
                if (!row.has_value()) {
                  return DamagedValue(Family::kPayload, key, "malformed key");
                }
                return visit(*row, body) ? Step::kGoOn : Step::kStop;
              });
}

Status RocksShardStore::ScanVectors(
    uint64_t first, uint64_t last,
    const std::function<bool(uint64_t, uint16_t, Dtype, std::string_view)>& visit,
    const StoreSnapshot* at) const {
  if (first > last) return Status::Ok();
  const RowRange range(first, last);
  return Scan(Family::kVec, range.lower, range.upper, at,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_ASSIGN_OR_RETURN(const VectorView vector, DecodeVector(key, value));
                const std::optional<VectorKeyParts> row = ParseVectorKey(key);
                if (!row.has_value()) return DamagedValue(Family::kVec, key, "malformed key");
                return visit(row->internal_id, row->field, vector.dtype, vector.bytes)
                           ? Step::kGoOn
                           : Step::kStop;
              });
}

Status RocksShardStore::ScanRevs(uint64_t first, uint64_t last,
                                 const std::function<bool(uint64_t, const RevEntry&)>& visit,
                                 const StoreSnapshot* at) const {
  if (first > last) return Status::Ok();
  const RowRange range(first, last);
  return Scan(Family::kRev, range.lower, range.upper, at,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_ASSIGN_OR_RETURN(const RevEntry entry, DecodeRevEntry(key, value));
                const std::optional<uint64_t> row = ParseRowKey(key);
                if (!row.has_value()) return DamagedValue(Family::kRev, key, "malformed key");
                return visit(*row, entry) ? Step::kGoOn : Step::kStop;
              });
}

Status RocksShardStore::ScanIds(std::string_view after,
                                const std::function<bool(std::string_view, const IdEntry&)>& visit,
                                const StoreSnapshot* at) const {
  // The least key greater than `after` is `after` and a zero byte.
  std::string lower(after);
  if (!lower.empty()) lower.push_back('\0');
  return Scan(Family::kIdMap, lower, {}, at,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_ASSIGN_OR_RETURN(const IdEntry entry, DecodeIdEntry(key, value));
                return visit(key, entry) ? Step::kGoOn : Step::kStop;
              });
}

Status RocksShardStore::ScanExpired(int64_t now_ms,
                                    const std::function<bool(uint64_t, int64_t)>& visit,
                                    const StoreSnapshot* at) const {
  const std::string lower = ExpiryKey(std::numeric_limits<int64_t>::min(), 0);
  const std::string upper = now_ms == std::numeric_limits<int64_t>::max()
                                ? PrefixEnd(std::string_view(&kExpiryPrefix, 1))
                                : ExpiryKey(now_ms + 1, 0);
  return Scan(Family::kMeta, lower, upper, at,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_RETURN_IF_ERROR(CheckValue(Family::kMeta, key, value).status());
                const std::optional<ExpiryKeyParts> parts = ParseExpiryKey(key);
                if (!parts.has_value()) return DamagedValue(Family::kMeta, key, "malformed key");
                return visit(parts->internal_id, parts->expires_at_ms) ? Step::kGoOn : Step::kStop;
              });
}

Status RocksShardStore::ReplayLog(
    uint64_t after, const std::function<Status(uint64_t, std::span<const LogOp>)>& visit) const {
  if (after == std::numeric_limits<uint64_t>::max()) return Status::Ok();
  std::vector<LogOp> ops;
  return Scan(Family::kOplog, RowKey(after + 1).view(), {}, nullptr,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_RETURN_IF_ERROR(DecodeLogOps(key, value, &ops));
                const std::optional<uint64_t> seq = ParseRowKey(key);
                if (!seq.has_value()) return DamagedValue(Family::kOplog, key, "malformed key");
                SAGITTA_RETURN_IF_ERROR(visit(*seq, ops));
                return Step::kGoOn;
              });
}

Status RocksShardStore::ScanPayloadIndexKeys(
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  const std::string prefix(1, kPayloadIndexEntryPrefix);
  return Scan(Family::kMeta, prefix, PrefixEnd(prefix), nullptr,
              [&](std::string_view key, std::string_view value) -> Result<Step> {
                SAGITTA_RETURN_IF_ERROR(CheckValue(Family::kMeta, key, value).status());
                const auto parts = ParsePayloadIndexKey(key.substr(1));
                if (!parts.has_value()) return DamagedValue(Family::kMeta, key, "malformed key");
                visit(parts->segment_uuid, parts->path);
                return Step::kGoOn;
              });
}

}  // namespace sagitta::store
