// Reads points of views by id and in order of id, counts them, and finds those that a filter
// matches. Thread-safe, pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "engine/shard_view.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::engine {

// INVALID_ARGUMENT "select.vector_fields[i]" / "select.payload_keys[i]" with what is wrong.
Status ValidateSelect(const CollectionSchema& schema, const Select& select);

// Those of `ids` that are there, in the order asked.
Result<std::vector<Point>> GetPoints(const CollectionSchema& schema,
                                     std::span<const ShardView> views, std::span<const PointId> ids,
                                     const Select& select);

// Fills payload and vectors, as selected, of points whose rows are known; points[i] is row
// internal_ids[i] of views[shards[i]]. Vectors come from the store, as they were written.
Status FillPoints(const CollectionSchema& schema, std::span<const ShardView> views,
                  std::span<const uint32_t> shards, std::span<const uint64_t> internal_ids,
                  const Select& select, std::span<Point*> points);

Result<ScrollPage> ScrollPoints(const CollectionSchema& schema, std::span<const ShardView> views,
                                const ScrollRequest& request, base::ThreadPool* pool,
                                const CancelToken& cancel);

Result<CountResult> CountPoints(std::span<const ShardView> views,
                                const std::optional<Filter>& filter, base::ThreadPool* pool,
                                const CancelToken& cancel);

struct MatchedRow {
  std::string ext_key;
  uint64_t internal_id = 0;
};
// The live rows of a view that `filter` matches. REQUIRES: filter.Validate() is OK.
Result<std::vector<MatchedRow>> MatchRows(const ShardView& view, const Filter& filter,
                                          const CancelToken& cancel);

}  // namespace sagitta::engine
