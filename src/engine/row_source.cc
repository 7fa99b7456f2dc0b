#include "engine/row_source.h"

#include <algorithm>

#include "engine/payload_reads.h"
#include "engine/run_tasks.h"
#include "filter/filter_key.h"

namespace sagitta::engine {
namespace {

constexpr size_t kPayloadBlock = 8192;  // rows whose numbers are held at once
// Rows of all segments from which a filter is worth more threads: reading so many payloads takes
// milliseconds.
constexpr size_t kParallelRows = 8192;

Result<ResolvedIds::InternalIds> LookUp(const ShardView& view, const std::vector<PointId>& ids) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const PointId& id : ids) keys.push_back(id.Encode());
  std::vector<std::optional<store::IdEntry>> entries;
  SAGITTA_RETURN_IF_ERROR(view.store->FindIds(keys, &entries, view.at.get()));
  auto found = std::make_shared<std::vector<uint64_t>>();
  for (const auto& entry : entries) {
    if (entry.has_value()) found->push_back(entry->internal_id);
  }
  std::sort(found->begin(), found->end());
  return ResolvedIds::InternalIds(std::move(found));
}

// What is neither dead nor expired. `moment` is what the filter cache needs to know of it.
LiveRowsResult FindAlive(const ShardView& view, const SegmentView& segment,
                         FilterCache::Moment* moment) {
  LiveRowsResult alive{.rows = nullptr, .count = segment.rows};
  if (segment.dead != nullptr) {
    auto [rows, count] = segment.segment->Alive(segment.dead, segment.rows);
    alive.rows = count == segment.rows ? nullptr : std::move(rows);
    alive.count = count;
  }
  moment->dead = segment.rows - alive.count;
  moment->now_ms = view.now_ms;
  if (segment.segment->first_expiry_ms() <= view.now_ms) {
    auto unexpired = alive.rows == nullptr ? std::make_shared<base::Bitset>(segment.rows, true)
                                           : std::make_shared<base::Bitset>(*alive.rows);
    if (segment.segment->MaskExpired(view.now_ms, segment.rows, unexpired.get())) {
      alive.count = unexpired->Count();
      alive.rows = std::move(unexpired);
    }
  }
  alive.live = alive.count;
  moment->alive = alive.rows;
  return alive;
}

// The rows of `alive` that match.
Result<FilterCache::Answer> FindMatching(const ShardView& view, const SegmentView& segment,
                                         const Filter& filter,
                                         const std::shared_ptr<const base::Bitset>& alive,
                                         const CancelToken& cancel, ResolvedIds* ids) {
  const base::Bitset all = alive == nullptr ? base::Bitset(segment.rows, true) : base::Bitset();
  const base::Bitset& live = alive == nullptr ? all : *alive;
  const SegmentRowSource source(view, segment, ids);
  FilterCache::Answer answer;
  SAGITTA_ASSIGN_OR_RETURN(base::Bitset matches,
                           filter::Evaluate(filter, source, live, cancel, &answer.info));
  for (size_t i = 0; i < matches.word_count(); ++i) matches.words()[i] &= live.words()[i];
  answer.count = matches.Count();
  answer.rows = std::make_shared<const base::Bitset>(std::move(matches));
  return answer;
}

}  // namespace

Result<ResolvedIds::InternalIds> ResolvedIds::Find(const ShardView& view,
                                                   const std::vector<PointId>& ids) {
  base::MutexLock lock(mu_);
  InternalIds& found = found_[{&view, &ids}];
  if (found == nullptr) {
    SAGITTA_ASSIGN_OR_RETURN(found, LookUp(view, ids));
  }
  return found;
}

const filter::PayloadIndexData* SegmentRowSource::FindIndex(std::string_view path) const {
  const auto it = segment_.indexes->find(path);
  return it == segment_.indexes->end() ? nullptr : it->second.get();
}

Status SegmentRowSource::MarkIds(const std::vector<PointId>& ids, base::Bitset* rows) const {
  if (segment_.rows == 0) return Status::Ok();
  SAGITTA_ASSIGN_OR_RETURN(const ResolvedIds::InternalIds found,
                           ids_ == nullptr ? LookUp(view_, ids) : ids_->Find(view_, ids));
  const Segment& segment = *segment_.segment;
  const uint64_t last = segment.internal_id(segment_.rows - 1);
  for (auto it = std::lower_bound(found->begin(), found->end(), segment.internal_id(0));
       it != found->end() && *it <= last; ++it) {
    const std::optional<uint32_t> row = segment.FindRow(*it);
    if (row.has_value()) rows->Set(*row);
  }
  return Status::Ok();
}

Status SegmentRowSource::ReadPayloads(
    const base::Bitset& wanted,
    const std::function<Status(uint32_t, std::string_view)>& visit) const {
  std::vector<uint32_t> rows;
  std::vector<uint64_t> internal_ids;
  const auto flush = [&] {
    const Status status =
        VisitPayloads(view_, internal_ids,
                      [&](size_t i, std::string_view payload) { return visit(rows[i], payload); });
    rows.clear();
    internal_ids.clear();
    return status;
  };
  SAGITTA_RETURN_IF_ERROR(ForEachRow(&wanted, segment_.rows, [&](uint32_t row) {
    rows.push_back(row);
    internal_ids.push_back(segment_.segment->internal_id(row));
    return rows.size() == kPayloadBlock ? flush() : Status::Ok();
  }));
  return flush();
}

Result<LiveRowsResult> FindLiveRows(const ShardView& view, const SegmentView& segment,
                                    const std::optional<Filter>& filter, const CancelToken& cancel,
                                    filter::EvaluateInfo* info, ResolvedIds* ids) {
  SAGITTA_RETURN_IF_ERROR(cancel.Check());
  FilterCache::Moment moment;
  LiveRowsResult result = FindAlive(view, segment, &moment);
  if (!filter.has_value() || result.count == 0) return result;
  const std::string key = segment.segment->sealed() ? filter::FilterKey(*filter) : "";
  std::optional<FilterCache::Answer> answer;
  if (!key.empty()) answer = segment.segment->filter_cache().Find(key, moment);
  result.cached = answer.has_value();
  if (!answer.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(answer,
                             FindMatching(view, segment, *filter, moment.alive, cancel, ids));
    if (!key.empty()) segment.segment->filter_cache().Offer(key, moment, *answer);
  }
  result.count = answer->count;
  result.rows = answer->count == segment.rows ? nullptr : std::move(answer->rows);
  info->scanned |= answer->info.scanned;
  info->unindexed.merge(answer->info.unindexed);
  return result;
}

std::vector<SegmentRef> AllSegments(std::span<const ShardView> views) {
  std::vector<SegmentRef> all;
  size_t count = 0;
  for (const ShardView& view : views) count += view.segments.size();
  all.reserve(count);
  for (uint32_t shard = 0; shard < views.size(); ++shard) {
    for (const SegmentView& segment : views[shard].segments) {
      all.push_back({&views[shard], &segment, shard});
    }
  }
  return all;
}

Result<std::vector<LiveRowsResult>> FindLiveRowsOfAll(std::span<const SegmentRef> segments,
                                                      const std::optional<Filter>& filter,
                                                      base::ThreadPool* pool,
                                                      const CancelToken& cancel,
                                                      filter::EvaluateInfo* info) {
  size_t rows = 0;
  for (const SegmentRef& ref : segments) rows += ref.segment->rows;
  std::vector<LiveRowsResult> results(segments.size());
  std::vector<filter::EvaluateInfo> infos(segments.size());
  ResolvedIds ids;
  SAGITTA_RETURN_IF_ERROR(RunTasks(
      pool, filter.has_value() && rows >= kParallelRows, segments.size(), [&](size_t i) -> Status {
        SAGITTA_ASSIGN_OR_RETURN(results[i], FindLiveRows(*segments[i].view, *segments[i].segment,
                                                          filter, cancel, &infos[i], &ids));
        return Status::Ok();
      }));
  for (filter::EvaluateInfo& each : infos) {
    info->scanned |= each.scanned;
    info->unindexed.merge(each.unindexed);
  }
  return results;
}

}  // namespace sagitta::engine
