#include "engine/segment_search.h"

#include <algorithm>

#include "base/stopwatch.h"
#include "filter/selectivity.h"

namespace sagitta::engine {
namespace {

// Many rows differ from a query in equally many bits: with so many more than asked for, those that
// tie for the last place are mostly there, and no second scan has to look for them.
constexpr size_t kTieRoom = 64;

Status Scan(const SegmentView& view, uint16_t field, std::span<index::ManyQuery> queries) {
  uint64_t distances = 0;
  SAGITTA_RETURN_IF_ERROR(view.segment->ScanMany(field, view.rows, queries, &distances));
  for (index::ManyQuery& many : queries) {
    many.distances = distances;
    many.query.Trace(SearchStrategy::kExactScan);
  }
  return Status::Ok();
}

}  // namespace

Status SegmentSearch::Prepare(const CancelToken& cancel) {
  const base::Stopwatch watch;
  const SegmentRef& ref = plan_->segments[segment_];
  const SegmentView& view = *ref.segment;
  SAGITTA_ASSIGN_OR_RETURN(
      live_, FindLiveRows(*ref.view, view, plan_->query->filter, cancel, &info_, ids_));
  allowed_ = live_.rows;
  allowed_count_ = live_.count;
  prepared_ = true;
  filter_seconds_ = watch.Seconds();
  const Segment& segment = *view.segment;
  if (allowed_count_ == 0 || !segment.HasAbsent(plan_->field_number)) return Status::Ok();
  // A sealed segment holds no vectors for rows that lack the field: without a filter it needs none.
  if (allowed_ == nullptr && segment.sealed()) return Status::Ok();
  auto present = allowed_ == nullptr ? std::make_shared<base::Bitset>(view.rows, true)
                                     : std::make_shared<base::Bitset>(*allowed_);
  segment.MaskAbsent(plan_->field_number, view.rows, present.get());
  allowed_count_ = present->Count();
  allowed_ = std::move(present);
  return Status::Ok();
}

index::IndexQuery SegmentSearch::Ask(uint32_t k, float key_limit, const CancelToken& cancel) {
  index::IndexQuery query;
  query.vector = plan_->vector.data();
  query.k = k;
  query.params = plan_->query->params;
  query.settings = &plan_->field->index;
  query.params.exact = plan_->Scans(segment_);
  if (allowed_ != nullptr) query.filter = {allowed_->words(), nullptr, allowed_count_};
  query.key_limit = key_limit;
  query.cancel = cancel.can_cancel() ? &cancel : nullptr;
  query.trace = &trace_;
  return query;
}

void SegmentSearch::Settle(uint32_t k) {
  cut_ = found_.size() >= k && k < allowed_count_;
  if (plan_->self.has_value() && plan_->self->segment == segment_) {
    std::erase_if(found_, [&](const index::Candidate& candidate) {
      return candidate.position == plan_->self->row;
    });
  }
  while (!found_.empty() && OrderOf(plan_->field->metric, found_.back().key) > plan_->max_order) {
    found_.pop_back();
    cut_ = false;
  }
}

Status SegmentSearch::Search(uint32_t k, float key_limit, const CancelToken& cancel) {
  const base::Stopwatch watch;
  const SegmentView& view = *plan_->segments[segment_].segment;
  SAGITTA_RETURN_IF_ERROR(view.segment->Search(plan_->field_number, view.rows,
                                               Ask(k, key_limit, cancel), &found_, &distances_));
  Settle(k);
  search_seconds_ += watch.Seconds();
  return Status::Ok();
}

Result<uint32_t> SegmentSearch::Begin(uint32_t n, const CancelToken& cancel) {
  if (!prepared_) SAGITTA_RETURN_IF_ERROR(Prepare(cancel));
  found_.clear();
  cut_ = false;
  if (allowed_count_ == 0) return 0u;
  SAGITTA_RETURN_IF_ERROR(cancel.Check());
  size_t k = n;
  if (plan_->Scans(segment_)) k += IsBinary(plan_->field->metric) ? kTieRoom : 1;
  if (plan_->self.has_value() && plan_->self->segment == segment_) ++k;
  return static_cast<uint32_t>(std::min(k, allowed_count_));
}

Status SegmentSearch::FindBest(uint32_t n, const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const uint32_t k, Begin(n, cancel));
  if (k == 0) return Status::Ok();
  return Search(k, KeyLimitOf(plan_->field->metric, plan_->max_order), cancel);
}

Status SegmentSearch::FindBestTogether(std::span<SegmentSearch* const> searches,
                                       std::span<const uint32_t> n, const CancelToken& cancel) {
  std::vector<index::ManyQuery> asks;
  std::vector<SegmentSearch*> asking;
  for (size_t i = 0; i < searches.size(); ++i) {
    SegmentSearch& search = *searches[i];
    SAGITTA_ASSIGN_OR_RETURN(const uint32_t k, search.Begin(n[i], cancel));
    if (k == 0) continue;
    const SearchPlan& plan = *search.plan_;
    asks.push_back(
        {search.Ask(k, KeyLimitOf(plan.field->metric, plan.max_order), cancel), &search.found_});
    asking.push_back(&search);
  }
  if (asks.empty()) return Status::Ok();
  const SearchPlan& plan = *asking[0]->plan_;
  const SegmentView& view = *plan.segments[asking[0]->segment_].segment;
  const base::Stopwatch watch;
  SAGITTA_RETURN_IF_ERROR(plan.Scans(asking[0]->segment_)
                              ? Scan(view, plan.field_number, asks)
                              : view.segment->SearchMany(plan.field_number, view.rows, asks));
  const double seconds = watch.Seconds() / static_cast<double>(asks.size());
  for (size_t i = 0; i < asks.size(); ++i) {
    asking[i]->distances_ += asks[i].distances;
    asking[i]->search_seconds_ += seconds;
    asking[i]->Settle(asks[i].query.k);
  }
  return Status::Ok();
}

Status SegmentSearch::FindUpTo(float order, const CancelToken& cancel) {
  return Search(static_cast<uint32_t>(allowed_count_), KeyLimitOf(plan_->field->metric, order),
                cancel);
}

bool SegmentSearch::MayTie(float order) const {
  return cut_ && plan_->Scans(segment_) && !found_.empty() &&
         OrderOf(plan_->field->metric, found_.back().key) == order;
}

SegmentExplain SegmentSearch::Explain() const {
  const SegmentRef& ref = plan_->segments[segment_];
  SegmentExplain explain;
  explain.shard = ref.shard;
  explain.segment = ref.segment->segment->id();
  explain.index = ref.segment->segment->index_kind(plan_->field_number);
  explain.strategy = trace_.strategy;
  explain.fell_back = trace_.fell_back;
  explain.rows_live = live_.live;
  explain.rows_passing = live_.count;
  if (plan_->query->filter.has_value()) {
    explain.estimated_selectivity = filter::EstimateSelectivity(
        *plan_->query->filter, SegmentRowSource(*ref.view, *ref.segment));
  }
  explain.filter_scanned = info_.scanned && !live_.cached;
  explain.filter_cached = live_.cached;
  explain.distances = distances_;
  explain.hops = trace_.hops;
  explain.filter_seconds = filter_seconds_;
  explain.search_seconds = search_seconds_;
  return explain;
}

}  // namespace sagitta::engine
