#include "engine/filtered_ids.h"

#include <algorithm>
#include <string>

namespace sagitta::engine {
namespace {

struct Bound {
  bool answered;  // by indexes alone
  uint64_t rows;  // that match, about
};

// `prefix`: of the paths below a kNested, "" or ending in a '.'.
Bound BoundOf(const Filter& filter, const SegmentRowSource& source, const std::string& prefix) {
  using Op = Filter::Op;
  const uint64_t rows = source.rows();
  switch (filter.op) {
    case Op::kAnd: {
      Bound all{true, rows};
      for (const Filter& child : filter.children) {
        const Bound part = BoundOf(child, source, prefix);
        all = {all.answered && part.answered, std::min(all.rows, part.rows)};
      }
      return all;
    }
    case Op::kOr: {
      Bound any{true, 0};
      for (const Filter& child : filter.children) {
        const Bound part = BoundOf(child, source, prefix);
        any = {any.answered && part.answered, std::min(rows, any.rows + part.rows)};
      }
      return any;
    }
    case Op::kNot:
      return {BoundOf(filter.children.front(), source, prefix).answered, rows};
    case Op::kIdIn:
      return {true, std::min<uint64_t>(rows, filter.ids.size())};
    case Op::kNested: {
      const std::string below = prefix + filter.path + ".";
      return {false, BoundOf(filter.children.front(), source, below).rows};
    }
    case Op::kNotIn:
    case Op::kIsEmpty:
      // Of one object among several, a row's index knows nothing.
      if (!prefix.empty()) return {false, rows};
      [[fallthrough]];
    default: {
      const filter::PayloadIndexData* index = source.FindIndex(prefix + filter.path);
      const auto count = index == nullptr ? std::nullopt : index->Estimate(filter);
      if (!count.has_value()) return {false, rows};
      // An index of text leaves the order of words to the payloads.
      const bool phrase = filter.op == Op::kMatch && filter.match == TextMatch::kPhrase;
      return {!phrase, std::min(rows, *count)};
    }
  }
}

struct Match {
  std::string_view ext_key;
  uint32_t segment;
  uint32_t row;
};

}  // namespace

uint64_t PayloadsToRead(std::span<const ShardView> views, const Filter& filter) {
  uint64_t payloads = 0;
  for (const SegmentRef& ref : AllSegments(views)) {
    const Bound bound = BoundOf(filter, SegmentRowSource(*ref.view, *ref.segment), "");
    if (!bound.answered) payloads += bound.rows;
  }
  return payloads;
}

Result<FilteredIds> FilteredIds::Find(std::span<const ShardView> views,
                                      const std::optional<Filter>& filter, base::ThreadPool* pool,
                                      const CancelToken& cancel, filter::EvaluateInfo* info) {
  FilteredIds ids;
  ids.segments_ = AllSegments(views);
  size_t segments = 0;
  for (const ShardView& view : views) {
    ids.first_segment_.push_back(segments);
    segments += view.segments.size();
    for (const SegmentView& segment : view.segments) ids.rows_ += segment.rows;
  }
  ids.first_segment_.push_back(segments);
  SAGITTA_ASSIGN_OR_RETURN(ids.live_, FindLiveRowsOfAll(ids.segments_, filter, pool, cancel, info));
  for (const LiveRowsResult& live : ids.live_) ids.matches_ += live.count;
  return ids;
}

bool FilteredIds::Contains(const ScrollEntry& entry) const {
  // The segment is the last of the shard that begins at or before the id.
  const auto begin = segments_.begin() + static_cast<ptrdiff_t>(first_segment_[entry.shard]);
  const auto end = segments_.begin() + static_cast<ptrdiff_t>(first_segment_[entry.shard + 1]);
  const auto after = std::upper_bound(begin, end, entry.id.internal_id,
                                      [](uint64_t wanted, const SegmentRef& ref) {
                                        return wanted < ref.segment->segment->internal_id(0);
                                      });
  if (after == begin) return false;
  const SegmentView& view = *std::prev(after)->segment;
  const std::optional<uint32_t> row = view.segment->FindRow(entry.id.internal_id);
  if (!row.has_value() || *row >= view.rows) return false;
  return live_[static_cast<size_t>(std::prev(after) - segments_.begin())].Test(*row);
}

std::vector<ScrollEntry> FilteredIds::First(size_t n, std::string_view after) const {
  std::vector<Match> matches;
  for (uint32_t i = 0; i < segments_.size(); ++i) {
    if (live_[i].count == 0) continue;
    const SegmentView& view = *segments_[i].segment;
    (void)ForEachRow(live_[i].rows.get(), view.rows, [&](uint32_t row) {
      const std::string_view key = view.segment->ext_key(row);
      if (key > after) matches.push_back({key, i, row});
      return Status::Ok();
    });
  }
  const auto before = [](const Match& a, const Match& b) { return a.ext_key < b.ext_key; };
  if (matches.size() > n) {
    std::nth_element(matches.begin(), matches.begin() + static_cast<ptrdiff_t>(n), matches.end(),
                     before);
    matches.resize(n);
  }
  std::sort(matches.begin(), matches.end(), before);
  std::vector<ScrollEntry> entries;
  entries.reserve(matches.size());
  for (const Match& match : matches) {
    const Segment& segment = *segments_[match.segment].segment->segment;
    entries.push_back({std::string(match.ext_key),
                       segments_[match.segment].shard,
                       {.internal_id = segment.internal_id(match.row),
                        .version = segment.version(match.row),
                        .expires_at_ms = segment.expires_at_ms(match.row)}});
  }
  return entries;
}

}  // namespace sagitta::engine
