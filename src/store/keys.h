// Keys of the column families. Integers are big-endian, so that bytes sort as numbers.
// docs/storage.md has them byte by byte.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "sagitta/status.h"

namespace sagitta::store {

inline void StoreBe64(char* out, uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(out, &value, sizeof(value));
}

inline uint64_t LoadBe64(const char* in) {
  uint64_t value;
  std::memcpy(&value, in, sizeof(value));
  return __builtin_bswap64(value);
}

// Key of `rev`, `payload` (internal id) and `oplog` (sequence number).
class RowKey {
 public:
  explicit RowKey(uint64_t number) { StoreBe64(data_, number); }
  std::string_view view() const { return {data_, sizeof(data_)}; }

 private:
  char data_[8];
};

// Key of `vec`.
class VectorKey {
 public:
  VectorKey(uint64_t internal_id, uint16_t field) {
    StoreBe64(data_, internal_id);
    data_[8] = static_cast<char>(field >> 8);
    data_[9] = static_cast<char>(field);
  }
  std::string_view view() const { return {data_, sizeof(data_)}; }

 private:
  char data_[10];
};

struct VectorKeyParts {
  uint64_t internal_id = 0;
  uint16_t field = 0;
};
std::optional<uint64_t> ParseRowKey(std::string_view key);
std::optional<VectorKeyParts> ParseVectorKey(std::string_view key);

// Keys of `meta`: one letter, then what it is about.
inline constexpr std::string_view kFormatKey = "v";
inline constexpr std::string_view kAppliedKey = "a";
inline constexpr std::string_view kManifestKey = "m";
inline constexpr char kTombstonePrefix = 's';
inline constexpr char kExpiryPrefix = 'x';
inline constexpr char kPayloadIndexEntryPrefix = 'p';  // then the key in `pindex`; empty body

std::string TombstoneKey(std::string_view segment_uuid);

struct ExpiryKeyParts {
  int64_t expires_at_ms = 0;
  uint64_t internal_id = 0;
};
// 'x', the time with its sign bit flipped (so that negative times sort first), the internal id.
std::string ExpiryKey(int64_t expires_at_ms, uint64_t internal_id);
std::optional<ExpiryKeyParts> ParseExpiryKey(std::string_view key);

// Keys of `dedup`: by request id, and by time for the expiry.
std::string DedupKey(std::string_view request_id);
std::string DedupTimeKey(int64_t time_ms, std::string_view request_id);
struct DedupTimeParts {
  int64_t time_ms = 0;
  std::string_view request_id;
};
std::optional<DedupTimeParts> ParseDedupTimeKey(std::string_view key);

// Keys of `pindex`: the uuid's length in one byte, the uuid, the path. REQUIRES: uuid ≤ 255 bytes.
std::string PayloadIndexPrefix(std::string_view segment_uuid);
std::string PayloadIndexKey(std::string_view segment_uuid, std::string_view path);
struct PayloadIndexParts {
  std::string_view segment_uuid;
  std::string_view path;
};
std::optional<PayloadIndexParts> ParsePayloadIndexKey(std::string_view key);

// The first key after all that start with `prefix`; "" when there is none.
std::string PrefixEnd(std::string_view prefix);

}  // namespace sagitta::store
