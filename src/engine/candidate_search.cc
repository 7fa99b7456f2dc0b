#include "engine/candidate_search.h"

#include <algorithm>
#include <set>

#include "base/stopwatch.h"
#include "engine/run_tasks.h"

namespace sagitta::engine {

CandidateSearch::CandidateSearch(const SearchPlan& plan, base::ThreadPool* pool,
                                 const CancelToken& cancel)
    : plan_(plan), pool_(pool), cancel_(cancel) {
  searches_.reserve(plan.segments.size());
  for (size_t i = 0; i < plan.segments.size(); ++i) searches_.emplace_back(plan, i, &ids_);
}

std::vector<Found> CandidateSearch::Merge(uint32_t n) const {
  const Metric metric = plan_.field->metric;
  std::vector<Found> all;
  size_t count = 0;
  for (const SegmentSearch& search : searches_) count += search.found().size();
  all.reserve(count);
  for (uint32_t i = 0; i < searches_.size(); ++i) {
    for (const index::Candidate& c : searches_[i].found()) {
      all.push_back({OrderOf(metric, c.key), i, c.position});
    }
  }
  const auto id = [&](const Found& f) {
    return plan_.segments[f.segment].segment->segment->ext_key(f.row);
  };
  const auto closer = [&](const Found& a, const Found& b) {
    return a.order != b.order ? a.order < b.order : id(a) < id(b);
  };
  if (all.size() > n) {
    std::partial_sort(all.begin(), all.begin() + n, all.end(), closer);
    all.resize(n);
  } else {
    std::sort(all.begin(), all.end(), closer);
  }
  return all;
}

Result<std::vector<Found>> CandidateSearch::FindBest(uint32_t n) {
  SAGITTA_RETURN_IF_ERROR(cancel_.Check());
  const base::Stopwatch watch;
  SAGITTA_RETURN_IF_ERROR(RunTasks(pool_, plan_.parallel, searches_.size(),
                                   [&](size_t i) { return searches_[i].FindBest(n, cancel_); }));
  Result<std::vector<Found>> best = Settle(n);
  seconds_ += watch.Seconds();
  return best;
}

Result<std::vector<std::vector<Found>>> CandidateSearch::FindBestTogether(
    std::span<CandidateSearch* const> searches, std::span<const uint32_t> n) {
  CandidateSearch& first = *searches[0];
  SAGITTA_RETURN_IF_ERROR(first.cancel_.Check());
  const base::Stopwatch watch;
  SAGITTA_RETURN_IF_ERROR(
      RunTasks(first.pool_, first.plan_.parallel, first.searches_.size(), [&](size_t segment) {
        std::vector<SegmentSearch*> parts;
        for (CandidateSearch* search : searches) parts.push_back(&search->searches_[segment]);
        return SegmentSearch::FindBestTogether(parts, n, first.cancel_);
      }));
  std::vector<std::vector<Found>> best(searches.size());
  for (size_t i = 0; i < searches.size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(best[i], searches[i]->Settle(n[i]));
  }
  const double seconds = watch.Seconds() / static_cast<double>(searches.size());
  for (CandidateSearch* search : searches) search->seconds_ += seconds;
  return best;
}

Result<std::vector<Found>> CandidateSearch::Settle(uint32_t n) {
  std::vector<Found> best = Merge(n);
  if (best.size() < n) return best;
  // A segment whose list ends with rows as close as the n-th may hold more of them, of lower ids.
  const float last = best.back().order;
  std::vector<SegmentSearch*> tied;
  for (SegmentSearch& search : searches_) {
    if (search.MayTie(last)) tied.push_back(&search);
  }
  if (tied.empty()) return best;
  SAGITTA_RETURN_IF_ERROR(RunTasks(pool_, plan_.parallel, tied.size(),
                                   [&](size_t i) { return tied[i]->FindUpTo(last, cancel_); }));
  return Merge(n);
}

bool CandidateSearch::exact() const {
  for (size_t i = 0; i < plan_.segments.size(); ++i) {
    if (!plan_.Scans(i)) return false;
  }
  return true;
}

uint64_t CandidateSearch::rows() const {
  uint64_t rows = 0;
  for (const SegmentRef& ref : plan_.segments) rows += ref.segment->rows;
  return rows;
}

void CandidateSearch::FillInfo(QueryInfo* info) const {
  std::set<std::string> unindexed;
  uint64_t matches = 0;
  for (const SegmentSearch& search : searches_) {
    info->rows_live += search.live();
    info->distances += search.distances();
    info->filter_scanned |= search.info().scanned;
    unindexed.insert(search.info().unindexed.begin(), search.info().unindexed.end());
    matches += search.matches();
  }
  for (const SegmentRef& ref : plan_.segments) {
    info->segments_degraded += ref.segment->segment->degraded() ? 1 : 0;
  }
  info->segments = static_cast<uint32_t>(searches_.size());
  info->unindexed_paths.assign(unindexed.begin(), unindexed.end());
  if (plan_.query->filter.has_value()) info->filter_matches = matches;
  if (!plan_.query->explain) return;
  QueryExplain& explain = info->explain.emplace();
  for (const SegmentSearch& search : searches_) explain.segments.push_back(search.Explain());
  explain.plan_seconds = plan_.seconds;
  explain.search_seconds = seconds_;
}

}  // namespace sagitta::engine
