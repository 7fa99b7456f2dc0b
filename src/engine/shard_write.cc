#include "engine/shard_write.h"

#include "base/bytes.h"

namespace sagitta::engine {

std::string EncodeWriteResult(const ShardWriteResult& result) {
  std::string out;
  base::PutVarint(out, result.seq);
  base::PutVarint(out, result.affected);
  base::PutVarint(out, result.skipped.size());
  for (const std::string& key : result.skipped) base::PutBytes(out, key);
  return out;
}

Result<ShardWriteResult> DecodeWriteResult(std::string_view bytes) {
  ShardWriteResult result;
  uint64_t skipped = 0;
  bool good = base::GetVarint(bytes, &result.seq) && base::GetVarint(bytes, &result.affected) &&
              base::GetVarint(bytes, &skipped);
  for (uint64_t i = 0; good && i < skipped; ++i) {
    std::string_view key;
    good = base::GetBytes(bytes, &key);
    result.skipped.emplace_back(key);
  }
  if (!good || !bytes.empty()) return Status::DataLoss("the record of a request id is malformed");
  result.replayed = true;
  return result;
}

size_t ShardWrite::Bytes() const {
  size_t bytes = 0;
  for (const UpsertRow& row : upserts) {
    bytes += 64 + row.ext_key.size() + row.payload.size();
    for (const store::StoredVector& vector : row.vectors) bytes += vector.value.bytes.size();
  }
  for (const RowTarget& target : deletes) bytes += 64 + target.ext_key.size();
  for (const RowTarget& target : updates) bytes += 256 + target.ext_key.size();
  return bytes;
}

}  // namespace sagitta::engine
