// Search: one query over views of all shards of a collection. Thread-safe, pure.
#pragma once

#include <span>

#include "base/thread_pool.h"
#include "engine/candidate_search.h"
#include "engine/shard_view.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::engine {

// INVALID_ARGUMENT naming the field ("k", "offset", "field", "vector", "point", "params.ef",
// "params.nprobe", "params.oversampling", "score_threshold", "group_by.path",
// "group_by.group_size", "rerank", "rerank.field", "rerank.vector", "rerank.candidates",
// "filter.…", "select.payload_keys[i]", "select.vector_fields[i]") with what was given and what is
// allowed.
Status ValidateQuery(const CollectionSchema& schema, const Query& query);

// views[i] is shard i. The target is query.target, or the stored vector of the point that it names,
// which is then not its own answer; NOT_FOUND when that point, or its vector of the field, is not
// there. Segments are searched on `pool` (may be null) and the calling thread. REQUIRES:
// ValidateQuery is OK.
//
// Segments that are scanned (FLAT, params.exact, in memory as Segment::Exact says) give the exact
// answer, ties in order of id; an approximate index may keep any of those that tie for its last
// place. With query.rerank that is so for the candidates.
Result<QueryResult> SearchViews(const CollectionSchema& schema, std::span<const ShardView> views,
                                const Query& query, base::ThreadPool* pool,
                                const CancelToken& cancel);

// What `best`, the plan.wanted() rows found by `candidates` for a query without grouping, becomes:
// the second stage, where there is one, is here.
Result<QueryResult> ResultOf(const CollectionSchema& schema, std::span<const ShardView> views,
                             const SearchPlan& plan, const CandidateSearch& candidates,
                             std::vector<Found> best, const CancelToken& cancel);

}  // namespace sagitta::engine
