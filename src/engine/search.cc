#include "engine/search.h"

#include <algorithm>

#include "base/stopwatch.h"
#include "engine/grouping.h"
#include "engine/hits.h"

namespace sagitta::engine {

Result<QueryResult> ResultOf(const CollectionSchema& schema, std::span<const ShardView> views,
                             const SearchPlan& plan, const CandidateSearch& candidates,
                             std::span<const Found> best) {
  QueryResult result;
  const base::Stopwatch watch;
  const uint32_t offset = plan.query->offset;
  if (best.size() > offset) {
    SAGITTA_ASSIGN_OR_RETURN(result.hits, MakeHits(schema, views, plan, best.subspan(offset)));
  }
  candidates.FillInfo(&result.info);
  if (result.info.explain.has_value()) result.info.explain->fetch_seconds = watch.Seconds();
  return result;
}

Result<QueryResult> SearchViews(const CollectionSchema& schema, std::span<const ShardView> views,
                                const Query& query, base::ThreadPool* pool,
                                const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const SearchPlan plan, MakeSearchPlan(schema, views, query));
  CandidateSearch candidates(plan, pool, cancel);
  if (!query.group_by.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(const std::vector<Found> best,
                             candidates.FindBest(query.offset + query.k));
    return ResultOf(schema, views, plan, candidates, best);
  }
  QueryResult result;
  const base::Stopwatch watch;
  SAGITTA_ASSIGN_OR_RETURN(result.groups, FindGroups(schema, views, plan, &candidates, cancel));
  candidates.FillInfo(&result.info);
  if (result.info.explain.has_value()) {
    QueryExplain& explain = *result.info.explain;
    explain.fetch_seconds = std::max(0.0, watch.Seconds() - explain.search_seconds);
  }
  return result;
}

}  // namespace sagitta::engine
