#include "engine/search.h"

#include <algorithm>

#include "base/stopwatch.h"
#include "engine/grouping.h"
#include "engine/hits.h"
#include "engine/rerank.h"

namespace sagitta::engine {

Result<QueryResult> ResultOf(const CollectionSchema& schema, std::span<const ShardView> views,
                             const SearchPlan& plan, const CandidateSearch& candidates,
                             std::vector<Found> best, const CancelToken& cancel) {
  QueryResult result;
  candidates.FillInfo(&result.info);
  auto& explain = result.info.explain;
  if (plan.rerank.has_value()) {
    const base::Stopwatch watch;
    uint64_t reranked = 0;
    SAGITTA_ASSIGN_OR_RETURN(best, Rerank(plan, std::move(best), cancel, &reranked));
    result.info.distances += reranked;
    if (explain.has_value()) {
      explain->reranked = reranked;
      explain->rerank_seconds = watch.Seconds();
    }
  }
  const base::Stopwatch watch;
  const uint32_t offset = plan.query->offset;
  if (best.size() > offset) {
    SAGITTA_ASSIGN_OR_RETURN(result.hits,
                             MakeHits(schema, views, plan, std::span(best).subspan(offset)));
  }
  if (explain.has_value()) explain->fetch_seconds = watch.Seconds();
  return result;
}

Result<QueryResult> SearchViews(const CollectionSchema& schema, std::span<const ShardView> views,
                                const Query& query, base::ThreadPool* pool,
                                const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const SearchPlan plan, MakeSearchPlan(schema, views, query));
  CandidateSearch candidates(plan, pool, cancel);
  if (!query.group_by.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(std::vector<Found> best, candidates.FindBest(plan.wanted()));
    return ResultOf(schema, views, plan, candidates, std::move(best), cancel);
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
