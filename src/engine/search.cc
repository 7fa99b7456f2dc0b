#include "engine/search.h"

#include "engine/candidate_search.h"
#include "engine/grouping.h"
#include "engine/hits.h"

namespace sagitta::engine {

Result<QueryResult> SearchViews(const CollectionSchema& schema, std::span<const ShardView> views,
                                const Query& query, base::ThreadPool* pool,
                                const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const SearchPlan plan, MakeSearchPlan(schema, views, query));
  CandidateSearch candidates(plan, pool, cancel);
  QueryResult result;
  if (query.group_by.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(result.groups, FindGroups(schema, views, plan, &candidates, cancel));
  } else {
    SAGITTA_ASSIGN_OR_RETURN(const std::vector<Found> best,
                             candidates.FindBest(query.offset + query.k));
    if (best.size() > query.offset) {
      SAGITTA_ASSIGN_OR_RETURN(
          result.hits,
          MakeHits(schema, views, plan, std::span<const Found>(best).subspan(query.offset)));
    }
  }
  candidates.FillInfo(&result.info);
  return result;
}

}  // namespace sagitta::engine
