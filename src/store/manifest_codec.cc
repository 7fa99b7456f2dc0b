#include "store/manifest_codec.h"

#include <set>

#include "base/bytes.h"
#include "base/checksum.h"
#include "store/value_codec.h"

namespace sagitta::store {

std::string EncodeManifestList(const Manifest& manifest) {
  std::string body;
  base::PutLe(body, manifest.generation);
  base::PutLe(body, manifest.sealed_upto);
  base::PutVarint(body, manifest.segments.size());
  for (const ManifestSegment& segment : manifest.segments) {
    base::PutBytes(body, segment.uuid);
    base::PutLe(body, segment.rows);
    base::PutLe(body, static_cast<uint64_t>(segment.tombstones.size()));
    base::PutLe(body, base::Crc32c(segment.tombstones));
  }
  return body;
}

Result<ManifestList> DecodeManifestList(std::string_view value) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kMeta, kManifestKey, value));
  ManifestList list;
  uint64_t count = 0;
  bool good = base::GetLe(body, &list.generation) && base::GetLe(body, &list.sealed_upto) &&
              base::GetVarint(body, &count) && count <= body.size();
  for (uint64_t i = 0; good && i < count; ++i) {
    ManifestList::Segment segment;
    std::string_view uuid;
    good = base::GetBytes(body, &uuid) && base::GetLe(body, &segment.rows) &&
           base::GetLe(body, &segment.tombstone_bytes) && base::GetLe(body, &segment.tombstone_crc);
    segment.uuid = uuid;
    list.segments.push_back(std::move(segment));
  }
  if (!good || !body.empty()) return DamagedValue(Family::kMeta, kManifestKey, "malformed body");
  return list;
}

Result<std::string> DecodeTombstones(const ManifestList::Segment& segment, std::string_view value) {
  const std::string key = TombstoneKey(segment.uuid);
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kMeta, key, value));
  if (body.size() != segment.tombstone_bytes || base::Crc32c(body) != segment.tombstone_crc) {
    return DamagedValue(Family::kMeta, key, "tombstones are not those that the manifest lists");
  }
  return std::string(body);
}

Status ValidateManifest(const Manifest& manifest) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < manifest.segments.size(); ++i) {
    const std::string& uuid = manifest.segments[i].uuid;
    const std::string field = "manifest.segments[" + std::to_string(i) + "].uuid";
    if (uuid.empty() || uuid.size() > 255) {
      return Status::InvalidArgument(
          field, "is " + std::to_string(uuid.size()) + " bytes long; allowed are 1 to 255");
    }
    if (!seen.insert(uuid).second) {
      return Status::InvalidArgument(field, "'" + uuid + "' is listed twice");
    }
  }
  return Status::Ok();
}

}  // namespace sagitta::store
