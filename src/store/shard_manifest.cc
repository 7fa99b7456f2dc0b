#include <set>

#include "base/fault.h"
#include "store/keys.h"
#include "store/rocks_status.h"
#include "store/shard_store_impl.h"
#include "store/value_codec.h"

namespace sagitta::store {
namespace {

// RocksDB's batches and values are bounded by 4 GiB.
constexpr size_t kMaxPayloadIndexBytes = size_t{2} << 30;

// The key in `meta` that says that `pindex` has this key: a scan over `pindex` itself would read
// every index to find its key.
std::string EntryKey(std::string_view payload_index_key) {
  std::string key(1, kPayloadIndexEntryPrefix);
  key += payload_index_key;
  return key;
}

void DeleteIndex(RocksBatch* batch, std::string_view segment_uuid, std::string_view path) {
  const std::string key = PayloadIndexKey(segment_uuid, path);
  batch->Delete(Family::kPayloadIndex, key);
  batch->Delete(Family::kMeta, EntryKey(key));
}

}  // namespace

Result<std::optional<ManifestList>> RocksShardStore::ReadManifestList() const {
  rocksdb::PinnableSlice value;
  SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kMeta, kManifestKey, &value));
  if (!found) return std::optional<ManifestList>();
  SAGITTA_ASSIGN_OR_RETURN(ManifestList list, DecodeManifestList(ToView(value)));
  return std::optional<ManifestList>(std::move(list));
}

Result<Manifest> RocksShardStore::ReadManifest() const {
  SAGITTA_ASSIGN_OR_RETURN(const auto list, ReadManifestList());
  Manifest manifest;
  if (!list.has_value()) return manifest;
  manifest.generation = list->generation;
  manifest.sealed_upto = list->sealed_upto;
  for (const ManifestList::Segment& segment : list->segments) {
    const std::string key = TombstoneKey(segment.uuid);
    rocksdb::PinnableSlice value;
    SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kMeta, key, &value));
    if (!found) return DamagedValue(Family::kMeta, key, "tombstones are missing");
    SAGITTA_ASSIGN_OR_RETURN(std::string tombstones, DecodeTombstones(segment, ToView(value)));
    manifest.segments.push_back({segment.uuid, segment.rows, std::move(tombstones)});
  }
  return manifest;
}

Status RocksShardStore::CommitManifest(const Manifest& manifest) {
  SAGITTA_FAULT("store.manifest");
  SAGITTA_RETURN_IF_ERROR(ValidateManifest(manifest));
  base::MutexLock lock(write_mu_);
  SAGITTA_ASSIGN_OR_RETURN(const auto stored, ReadManifestList());
  const ManifestList before = stored.value_or(ManifestList());
  if (manifest.generation <= before.generation || manifest.sealed_upto < before.sealed_upto) {
    return Status::FailedPrecondition(
        what() + ": manifest of generation " + std::to_string(manifest.generation) +
        " sealed up to " + std::to_string(manifest.sealed_upto) + " cannot follow generation " +
        std::to_string(before.generation) + " sealed up to " + std::to_string(before.sealed_upto));
  }
  RocksBatch batch = MakeBatch();
  std::set<std::string_view> leaving;
  for (const ManifestList::Segment& segment : before.segments) leaving.insert(segment.uuid);
  for (const ManifestSegment& segment : manifest.segments) {
    leaving.erase(segment.uuid);
    batch.Put(Family::kMeta, TombstoneKey(segment.uuid), segment.tombstones);
  }
  for (std::string_view uuid : leaving) batch.Delete(Family::kMeta, TombstoneKey(uuid));
  SAGITTA_RETURN_IF_ERROR(ScanPayloadIndexKeys([&](std::string_view uuid, std::string_view path) {
    if (leaving.contains(uuid)) DeleteIndex(&batch, uuid, path);
  }));
  if (manifest.sealed_upto > before.sealed_upto) {
    // From where the last one ended, so that ranges never pile up on each other. Written as the
    // range's last key and a zero byte: the end is exclusive, and sealed_upto + 1 may not exist.
    std::string end(RowKey(manifest.sealed_upto).view());
    end.push_back('\0');
    batch.DeleteRange(Family::kOplog, RowKey(before.sealed_upto).view(), end);
  }
  batch.Put(Family::kMeta, kManifestKey, EncodeManifestList(manifest));
  return WriteLocked(batch, /*sync=*/true);
}

Status RocksShardStore::PutPayloadIndex(std::string_view segment_uuid, std::string_view path,
                                        std::string_view bytes) {
  if (segment_uuid.empty() || segment_uuid.size() > 255) {
    return Status::InvalidArgument("segment_uuid", "is " + std::to_string(segment_uuid.size()) +
                                                       " bytes long; allowed are 1 to 255");
  }
  if (bytes.size() > kMaxPayloadIndexBytes) {
    return Status::ResourceExhausted("payload index '" + std::string(path) + "' of " +
                                     std::to_string(bytes.size()) + " bytes; allowed are " +
                                     std::to_string(kMaxPayloadIndexBytes));
  }
  base::MutexLock lock(write_mu_);
  RocksBatch batch = MakeBatch();
  const std::string key = PayloadIndexKey(segment_uuid, path);
  batch.Put(Family::kPayloadIndex, key, bytes);
  batch.Put(Family::kMeta, EntryKey(key), {});
  return WriteLocked(batch, /*sync=*/true, Reserve::kKept);
}

Result<std::optional<std::string>> RocksShardStore::ReadPayloadIndex(std::string_view segment_uuid,
                                                                     std::string_view path) const {
  if (segment_uuid.size() > 255) return std::optional<std::string>();
  const std::string key = PayloadIndexKey(segment_uuid, path);
  rocksdb::PinnableSlice value;
  SAGITTA_ASSIGN_OR_RETURN(const bool found, Get(Family::kPayloadIndex, key, &value));
  if (!found) return std::optional<std::string>();
  SAGITTA_ASSIGN_OR_RETURN(const std::string_view body,
                           CheckValue(Family::kPayloadIndex, key, ToView(value)));
  return std::optional<std::string>(std::string(body));
}

Status RocksShardStore::RemovePayloadIndex(std::string_view path) {
  base::MutexLock lock(write_mu_);
  RocksBatch batch = MakeBatch();
  SAGITTA_RETURN_IF_ERROR(ScanPayloadIndexKeys([&](std::string_view uuid, std::string_view at) {
    if (at == path) DeleteIndex(&batch, uuid, at);
  }));
  return WriteLocked(batch, /*sync=*/true);
}

Status RocksShardStore::RemoveOrphans() {
  base::MutexLock lock(write_mu_);
  SAGITTA_ASSIGN_OR_RETURN(const auto list, ReadManifestList());
  std::set<std::string_view> live;
  if (list.has_value()) {
    for (const ManifestList::Segment& segment : list->segments) live.insert(segment.uuid);
  }
  RocksBatch batch = MakeBatch();
  size_t orphans = 0;
  SAGITTA_RETURN_IF_ERROR(ScanPayloadIndexKeys([&](std::string_view uuid, std::string_view path) {
    if (live.contains(uuid)) return;
    DeleteIndex(&batch, uuid, path);
    ++orphans;
  }));
  return orphans == 0 ? Status::Ok() : WriteLocked(batch, /*sync=*/false);
}

}  // namespace sagitta::store
