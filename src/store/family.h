// The column families of a shard's database, and how each is tuned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sagitta::store {

// DO NOT CHANGE THE VALUES: the checksum of every stored value covers its family's number.
enum class Family : uint8_t {
  kMeta = 1,          // format version, applied state, manifest, tombstones, expiry index
  kIdMap = 2,         // external id → internal id
  kRev = 3,           // internal id → external id
  kVec = 4,           // internal id, field → vector
  kPayload = 5,       // internal id → payload
  kOplog = 6,         // sequence number → operations
  kDedup = 7,         // request id → result
  kPayloadIndex = 8,  // segment, path → serialised payload index
  kCatalog = 9,       // the catalog's only family; none of a shard's
};

inline constexpr std::array<Family, 8> kShardFamilies = {
    Family::kMeta,    Family::kIdMap, Family::kRev,   Family::kVec,
    Family::kPayload, Family::kOplog, Family::kDedup, Family::kPayloadIndex};

constexpr std::string_view FamilyName(Family family) {
  constexpr std::array<std::string_view, 10> kNames = {
      "", "meta", "idmap", "rev", "vec", "payload", "oplog", "dedup", "pindex", "catalog"};
  return kNames[static_cast<size_t>(family)];
}

constexpr size_t FamilyIndex(Family family) { return static_cast<size_t>(family) - 1; }

}  // namespace sagitta::store
