// Turns the write requests of the public API into one ShardWrite per shard: checks everything that
// can be wrong with them, converts vectors and payloads to what is stored. Thread-safe, pure.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/shard_write.h"
#include "sagitta/schema.h"
#include "sagitta/write.h"

namespace sagitta::engine {

inline constexpr size_t kMaxPointsPerRequest = 10'000;

// By shard; null where a shard has no part.
using ShardWrites = std::vector<std::shared_ptr<ShardWrite>>;

// INVALID_ARGUMENT "request_id" when it is over 128 bytes.
Status ValidateWriteOptions(const WriteOptions& options);
// INVALID_ARGUMENT naming "points[i].…".
Result<ShardWrites> SplitUpsert(const CollectionSchema& schema, std::vector<UpsertPoint> points,
                                int64_t now_ms);
// Distinct keys of 1–10,000 ids; an id given twice counts once. INVALID_ARGUMENT naming "ids" or
// "ids[i]".
Result<std::vector<std::string>> EncodeIds(std::span<const PointId> ids);
// INVALID_ARGUMENT naming "filter", "ids", "payload" or "keys[i]".
Status ValidatePayloadUpdate(const PayloadUpdate& update);

// Puts targets where they belong, as deletes or (with `change`) as updates.
ShardWrites SplitTargets(uint32_t shards, std::vector<RowTarget> targets,
                         std::shared_ptr<const PayloadChange> change);

}  // namespace sagitta::engine
