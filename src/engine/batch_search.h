// Searches for many queries over the same views. Thread-safe, pure.
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "engine/shard_view.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::engine {

// ValidateQuery and SearchViews (search.h) for each; one bad query fails alone. Exact queries of
// one field, without filter or grouping, are scanned together: rows are read from memory once for
// up to 64 of them, which is what a lone exact search waits for.
std::vector<Result<QueryResult>> SearchViewsBatch(const CollectionSchema& schema,
                                                  std::span<const ShardView> views,
                                                  std::span<const Query> queries,
                                                  base::ThreadPool* pool,
                                                  const CancelToken& cancel);

}  // namespace sagitta::engine
