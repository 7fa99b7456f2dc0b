#include "engine/batch_search.h"

#include <algorithm>
#include <map>
#include <memory>

#include "engine/check_request.h"
#include "engine/search.h"

namespace sagitta::engine {
namespace {

// More would hold more candidates at a time and save no more reading.
constexpr size_t kMostTogether = 64;
// Fewer are not worth it: threads that scan apart share what the L3 cache holds.
constexpr size_t kLeastTogether = 8;

// Whether what is read is the same for all such queries: stored vectors, or codes.
bool ReadsAll(const Query& query, const VectorField& field) {
  if (query.filter.has_value() || query.group_by.has_value()) return false;
  return query.params.exact || field.index.kind == IndexKind::kFlatCodes;
}

class BatchSearch {
 public:
  BatchSearch(const CollectionSchema& schema, std::span<const ShardView> views,
              std::span<const Query> queries, base::ThreadPool* pool, const CancelToken& cancel)
      : schema_(schema),
        views_(views),
        queries_(queries),
        pool_(pool),
        cancel_(cancel),
        results_(queries.size(), QueryResult()) {}

  std::vector<Result<QueryResult>> Run() {
    const std::vector<Part> parts = Divide();
    const auto run = [&](size_t i) {
      parts[i].size() == 1 ? SearchOne(parts[i][0]) : SearchTogether(parts[i]);
    };
    if (pool_ == nullptr) {
      for (size_t i = 0; i < parts.size(); ++i) run(i);
    } else {
      pool_->ParallelFor(parts.size(), 0, run);
    }
    return std::move(results_);
  }

 private:
  using Part = std::vector<size_t>;  // positions of queries

  // Leaves the answers of bad queries in results_, and the others to parts.
  std::vector<Part> Divide() {
    std::vector<Part> parts;
    std::map<std::pair<const VectorField*, bool>, Part> alike;
    for (size_t i = 0; i < queries_.size(); ++i) {
      const Query& query = queries_[i];
      const Status valid = ValidateQuery(schema_, query);
      if (!valid.ok()) {
        results_[i] = valid;
        continue;
      }
      const VectorField* field = *FindQueryField(schema_, query.field);
      if (ReadsAll(query, *field)) {
        alike[{field, query.params.exact}].push_back(i);
      } else {
        parts.push_back({i});
      }
    }
    const size_t threads = pool_ == nullptr ? 1 : pool_->threads();
    for (const auto& [how, all] : alike) {
      const size_t each =
          std::clamp((all.size() + threads - 1) / threads, kLeastTogether, kMostTogether);
      for (size_t begin = 0; begin < all.size(); begin += each) {
        const size_t end = std::min(all.size(), begin + each);
        parts.emplace_back(all.begin() + begin, all.begin() + end);
      }
    }
    return parts;
  }

  void SearchOne(size_t i) {
    results_[i] = SearchViews(schema_, views_, queries_[i], pool_, cancel_);
  }

  void SearchTogether(const Part& part) {
    std::vector<std::unique_ptr<const SearchPlan>> plans;
    std::vector<std::unique_ptr<CandidateSearch>> owned;
    std::vector<CandidateSearch*> searches;
    std::vector<uint32_t> counts;
    Part planned;
    for (const size_t i : part) {
      auto plan = MakeSearchPlan(schema_, views_, queries_[i]);
      if (!plan.ok()) {
        results_[i] = plan.status();
        continue;
      }
      plans.push_back(std::make_unique<const SearchPlan>(std::move(*plan)));
      counts.push_back(plans.back()->wanted());
      owned.push_back(std::make_unique<CandidateSearch>(*plans.back(), pool_, cancel_));
      searches.push_back(owned.back().get());
      planned.push_back(i);
    }
    if (planned.empty()) return;
    auto best = CandidateSearch::FindBestTogether(searches, counts);
    for (size_t i = 0; i < planned.size(); ++i) {
      results_[planned[i]] = best.ok() ? ResultOf(schema_, views_, *plans[i], *searches[i],
                                                  std::move((*best)[i]), cancel_)
                                       : Result<QueryResult>(best.status());
    }
  }

  const CollectionSchema& schema_;
  const std::span<const ShardView> views_;
  const std::span<const Query> queries_;
  base::ThreadPool* const pool_;
  const CancelToken& cancel_;
  std::vector<Result<QueryResult>> results_;
};

}  // namespace

std::vector<Result<QueryResult>> SearchViewsBatch(const CollectionSchema& schema,
                                                  std::span<const ShardView> views,
                                                  std::span<const Query> queries,
                                                  base::ThreadPool* pool,
                                                  const CancelToken& cancel) {
  return BatchSearch(schema, views, queries, pool, cancel).Run();
}

}  // namespace sagitta::engine
