// The stored form of a shard's manifest: one value that lists the segments, and one value per
// segment with its tombstones. The list carries each tombstone value's length and CRC-32C, so that
// tombstones of another generation are found out. Thread-safe, pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/status.h"
#include "store/shard_store.h"

namespace sagitta::store {

struct ManifestList {
  struct Segment {
    std::string uuid;
    uint64_t rows = 0;
    uint64_t tombstone_bytes = 0;
    uint32_t tombstone_crc = 0;
  };
  uint64_t generation = 0;
  uint64_t sealed_upto = 0;
  std::vector<Segment> segments;
};

std::string EncodeManifestList(const Manifest& manifest);
// `value` as stored under kManifestKey.
Result<ManifestList> DecodeManifestList(std::string_view value);
// `value` as stored under TombstoneKey(segment.uuid).
Result<std::string> DecodeTombstones(const ManifestList::Segment& segment, std::string_view value);

// INVALID_ARGUMENT when a uuid is empty, longer than 255 bytes or listed twice.
Status ValidateManifest(const Manifest& manifest);

}  // namespace sagitta::store
