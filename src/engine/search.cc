#include "engine/search.h"

#include "engine/grouping.h"
#include "engine/hits.h"

namespace sagitta::engine {

Result<QueryResult> ResultOf(const CollectionSchema& schema, std::span<const ShardView> views,
                             const SearchPlan& plan, const CandidateSearch& candidates,
                             std::span<const Found> best) {
  QueryResult result;
  const uint32_t offset = plan.query->offset;
  if (best.size() > offset) {
    SAGITTA_ASSIGN_OR_RETURN(result.hits, MakeHits(schema, views, plan, best.subspan(offset)));
  }
  candidates.FillInfo(&result.info);
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
  SAGITTA_ASSIGN_OR_RETURN(result.groups, FindGroups(schema, views, plan, &candidates, cancel));
  candidates.FillInfo(&result.info);
  return result;
}

}  // namespace sagitta::engine
