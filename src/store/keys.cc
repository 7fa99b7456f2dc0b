#include "store/keys.h"

#include "base/bytes.h"

namespace sagitta::store {
namespace {

constexpr char kDedupById = 'r';
constexpr char kDedupByTime = 't';
constexpr uint64_t kSignBit = uint64_t{1} << 63;

uint64_t OrderedTime(int64_t ms) { return static_cast<uint64_t>(ms) ^ kSignBit; }
int64_t TimeOf(uint64_t ordered) { return static_cast<int64_t>(ordered ^ kSignBit); }

}  // namespace

std::optional<uint64_t> ParseRowKey(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return LoadBe64(key.data());
}

std::optional<VectorKeyParts> ParseVectorKey(std::string_view key) {
  if (key.size() != 10) return std::nullopt;
  const uint16_t field =
      static_cast<uint16_t>(static_cast<uint8_t>(key[8]) << 8 | static_cast<uint8_t>(key[9]));
  return VectorKeyParts{LoadBe64(key.data()), field};
}

std::string TombstoneKey(std::string_view segment_uuid) {
  std::string key(1, kTombstonePrefix);
  key += segment_uuid;
  return key;
}

std::string ExpiryKey(int64_t expires_at_ms, uint64_t internal_id) {
  std::string key(1, kExpiryPrefix);
  base::PutBe64(key, OrderedTime(expires_at_ms));
  base::PutBe64(key, internal_id);
  return key;
}

std::optional<ExpiryKeyParts> ParseExpiryKey(std::string_view key) {
  if (key.size() != 17 || key[0] != kExpiryPrefix) return std::nullopt;
  return ExpiryKeyParts{TimeOf(LoadBe64(key.data() + 1)), LoadBe64(key.data() + 9)};
}

std::string DedupKey(std::string_view request_id) {
  std::string key(1, kDedupById);
  key += request_id;
  return key;
}

std::string DedupTimeKey(int64_t time_ms, std::string_view request_id) {
  std::string key(1, kDedupByTime);
  base::PutBe64(key, OrderedTime(time_ms));
  key += request_id;
  return key;
}

std::optional<DedupTimeParts> ParseDedupTimeKey(std::string_view key) {
  if (key.size() < 9 || key[0] != kDedupByTime) return std::nullopt;
  return DedupTimeParts{TimeOf(LoadBe64(key.data() + 1)), key.substr(9)};
}

std::string PayloadIndexPrefix(std::string_view segment_uuid) {
  std::string key(1, static_cast<char>(segment_uuid.size()));
  key += segment_uuid;
  return key;
}

std::string PayloadIndexKey(std::string_view segment_uuid, std::string_view path) {
  std::string key = PayloadIndexPrefix(segment_uuid);
  key += path;
  return key;
}

std::optional<PayloadIndexParts> ParsePayloadIndexKey(std::string_view key) {
  if (key.empty()) return std::nullopt;
  const size_t length = static_cast<uint8_t>(key[0]);
  if (key.size() < 1 + length) return std::nullopt;
  return PayloadIndexParts{key.substr(1, length), key.substr(1 + length)};
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace sagitta::store
