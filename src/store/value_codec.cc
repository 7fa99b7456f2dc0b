#include "store/value_codec.h"

#include <cstring>

#include "base/bytes.h"
#include "base/checksum.h"

namespace sagitta::store {
namespace {

using base::GetLe;
using base::PutLe;

uint32_t ValueCrc(Family family, std::string_view key, std::string_view body,
                  std::string_view more) {
  char head[2] = {static_cast<char>(kValueFormat), static_cast<char>(family)};
  uint32_t crc = base::Crc32c(head, sizeof(head));
  crc = base::Crc32c(key.data(), key.size(), crc);
  crc = base::Crc32c(body.data(), body.size(), crc);
  return more.empty() ? crc : base::Crc32c(more.data(), more.size(), crc);
}

std::string HexKey(std::string_view key) {
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr size_t kShown = 64;
  std::string text;
  for (size_t i = 0; i < key.size() && i < kShown; ++i) {
    text += kDigits[static_cast<uint8_t>(key[i]) >> 4];
    text += kDigits[static_cast<uint8_t>(key[i]) & 15];
  }
  if (key.size() > kShown) text += "…";
  return text;
}

}  // namespace

void EncodeValueHeader(Family family, std::string_view key, std::string_view body,
                       std::string_view more, char* out) {
  out[0] = static_cast<char>(kValueFormat);
  const uint32_t crc = ValueCrc(family, key, body, more);
  std::memcpy(out + 1, &crc, sizeof(crc));
}

std::string EncodeValue(Family family, std::string_view key, std::string_view body) {
  std::string value(kValueHeaderBytes, '\0');
  EncodeValueHeader(family, key, body, {}, value.data());
  value += body;
  return value;
}

Status DamagedValue(Family family, std::string_view key, std::string_view what) {
  return Status::DataLoss("column family " + std::string(FamilyName(family)) + ", key 0x" +
                          HexKey(key) + ": " + std::string(what));
}

Result<std::string_view> CheckValue(Family family, std::string_view key, std::string_view value) {
  if (value.size() < kValueHeaderBytes) {
    return DamagedValue(family, key, "value of " + std::to_string(value.size()) + " bytes");
  }
  const uint8_t format = static_cast<uint8_t>(value[0]);
  if (format != kValueFormat) {
    return DamagedValue(family, key, "format byte " + std::to_string(format) + ", expected 1");
  }
  uint32_t stored;
  std::memcpy(&stored, value.data() + 1, sizeof(stored));
  const std::string_view body = value.substr(kValueHeaderBytes);
  if (stored != ValueCrc(family, key, body, {})) {
    return DamagedValue(family, key, "checksum mismatch");
  }
  return body;
}

std::string EncodeIdEntry(const IdEntry& entry) {
  std::string body;
  PutLe(body, entry.internal_id);
  PutLe(body, entry.version);
  PutLe(body, entry.expires_at_ms);
  return body;
}

Result<IdEntry> DecodeIdEntry(std::string_view key, std::string_view value) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kIdMap, key, value));
  IdEntry entry;
  if (!GetLe(body, &entry.internal_id) || !GetLe(body, &entry.version) ||
      !GetLe(body, &entry.expires_at_ms) || !body.empty()) {
    return DamagedValue(Family::kIdMap, key, "malformed body");
  }
  return entry;
}

std::string EncodeRevEntry(std::string_view ext_key, uint64_t version, int64_t expires_at_ms) {
  std::string body;
  PutLe(body, version);
  PutLe(body, expires_at_ms);
  body += ext_key;
  return body;
}

Result<RevEntry> DecodeRevEntry(std::string_view key, std::string_view value) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kRev, key, value));
  RevEntry entry;
  if (!GetLe(body, &entry.version) || !GetLe(body, &entry.expires_at_ms)) {
    return DamagedValue(Family::kRev, key, "malformed body");
  }
  entry.ext_key = body;
  return entry;
}

void EncodeVectorHeader(std::string_view key, Dtype dtype, std::string_view bytes, char* out) {
  const uint16_t dim = static_cast<uint16_t>(bytes.size() / DtypeBytes(dtype));
  out[kValueHeaderBytes] = static_cast<char>(dtype);
  std::memcpy(out + kValueHeaderBytes + 1, &dim, sizeof(dim));
  EncodeValueHeader(Family::kVec, key, {out + kValueHeaderBytes, 3}, bytes, out);
}

Result<VectorView> DecodeVector(std::string_view key, std::string_view value) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kVec, key, value));
  uint8_t dtype;
  uint16_t dim;
  if (!GetLe(body, &dtype) || !GetLe(body, &dim) || dtype < static_cast<uint8_t>(Dtype::kF32) ||
      dtype > static_cast<uint8_t>(Dtype::kBits) ||
      body.size() != size_t{dim} * DtypeBytes(static_cast<Dtype>(dtype))) {
    return DamagedValue(Family::kVec, key, "malformed body");
  }
  return VectorView{static_cast<Dtype>(dtype), body};
}

std::string EncodeLogOps(std::span<const LogOp> ops) {
  std::string body;
  body.reserve(ops.size() * 8 + 10);
  base::PutVarint(body, ops.size());
  for (const LogOp& op : ops) {
    body.push_back(static_cast<char>(op.kind));
    base::PutVarint(body, op.internal_id);
    if (op.kind == LogOp::Kind::kPut) base::PutVarint(body, op.replaced);
  }
  return body;
}

Status DecodeLogOps(std::string_view key, std::string_view value, std::vector<LogOp>* ops) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kOplog, key, value));
  ops->clear();
  uint64_t count = 0;
  bool good = base::GetVarint(body, &count) && count <= body.size();
  if (good) ops->reserve(count);
  for (uint64_t i = 0; good && i < count; ++i) {
    uint8_t kind = 0;
    LogOp op;
    good = GetLe(body, &kind) && kind >= 1 && kind <= 2 && base::GetVarint(body, &op.internal_id);
    op.kind = static_cast<LogOp::Kind>(kind);
    if (good && op.kind == LogOp::Kind::kPut) good = base::GetVarint(body, &op.replaced);
    ops->push_back(op);
  }
  if (!good || !body.empty()) return DamagedValue(Family::kOplog, key, "malformed body");
  return Status::Ok();
}

std::string EncodeApplied(const AppliedState& state) {
  std::string body;
  PutLe(body, state.applied_seq);
  PutLe(body, state.next_internal_id);
  return body;
}

Result<AppliedState> DecodeApplied(std::string_view value) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kMeta, kAppliedKey, value));
  AppliedState state;
  if (!GetLe(body, &state.applied_seq) || !GetLe(body, &state.next_internal_id) || !body.empty()) {
    return DamagedValue(Family::kMeta, kAppliedKey, "malformed body");
  }
  return state;
}

std::string EncodeDedup(int64_t time_ms, std::string_view result) {
  std::string body;
  PutLe(body, time_ms);
  body += result;
  return body;
}

Result<DedupRecord> DecodeDedup(std::string_view key, std::string_view value) {
  SAGITTA_ASSIGN_OR_RETURN(std::string_view body, CheckValue(Family::kDedup, key, value));
  DedupRecord record;
  if (!GetLe(body, &record.time_ms)) return DamagedValue(Family::kDedup, key, "malformed body");
  record.result = body;
  return record;
}

}  // namespace sagitta::store
