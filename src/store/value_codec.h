// Values of the column families. Every value is a format byte, the CRC-32C of (format byte, family,
// key, body), and the body; so a damaged value, and a sound one under the wrong key, are both found
// on read. Thread-safe, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/point.h"
#include "sagitta/status.h"
#include "store/family.h"
#include "store/keys.h"
#include "store/shard_store.h"

namespace sagitta::store {

inline constexpr uint8_t kValueFormat = 1;
inline constexpr size_t kValueHeaderBytes = 5;   // format byte, CRC-32C little-endian
inline constexpr size_t kVectorHeaderBytes = 8;  // value header, dtype, dim u16 little-endian

// Writes the five header bytes of a value whose body is `body` followed by `more`.
void EncodeValueHeader(Family family, std::string_view key, std::string_view body,
                       std::string_view more, char* out);
std::string EncodeValue(Family family, std::string_view key, std::string_view body);

// The body, as a view into `value`. DATA_LOSS naming family and key when it is damaged.
Result<std::string_view> CheckValue(Family family, std::string_view key, std::string_view value);

// "column family vec, key 0000000000000011 0000": how errors name a stored value.
Status DamagedValue(Family family, std::string_view key, std::string_view what);

// Bodies. Decoders return DATA_LOSS naming family and key when the body is malformed.
std::string EncodeIdEntry(const IdEntry& entry);
Result<IdEntry> DecodeIdEntry(std::string_view key, std::string_view value);

std::string EncodeRevEntry(std::string_view ext_key, uint64_t version, int64_t expires_at_ms);
Result<RevEntry> DecodeRevEntry(std::string_view key, std::string_view value);

struct VectorView {
  Dtype dtype = Dtype::kF32;
  std::string_view bytes;
};
// The first eight bytes of a vector's value; its elements follow. REQUIRES: dim ≤ 65,535.
void EncodeVectorHeader(std::string_view key, Dtype dtype, std::string_view bytes, char* out);
Result<VectorView> DecodeVector(std::string_view key, std::string_view value);

std::string EncodeLogOps(std::span<const LogOp> ops);
Status DecodeLogOps(std::string_view key, std::string_view value, std::vector<LogOp>* ops);

std::string EncodeApplied(const AppliedState& state);
Result<AppliedState> DecodeApplied(std::string_view value);

struct DedupRecord {
  int64_t time_ms = 0;
  std::string_view result;
};
std::string EncodeDedup(int64_t time_ms, std::string_view result);
Result<DedupRecord> DecodeDedup(std::string_view key, std::string_view value);

}  // namespace sagitta::store
