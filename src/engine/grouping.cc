#include "engine/grouping.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "engine/hits.h"
#include "filter/payload_walk.h"

namespace sagitta::engine {
namespace {

constexpr uint64_t kFirstRows = 100;
constexpr uint64_t kGrowth = 4;
// What an approximate index is asked for at most, unless the groups hold more: past it the answer
// costs as much as a scan, which `exact` asks for.
constexpr uint64_t kApproximateRows = 10'000;
// Collections of this size are looked through whole, whatever the index: the payloads take a tenth
// of a second.
constexpr uint64_t kFewRows = 65'536;
constexpr size_t kPayloadBlock = 256;

// Empty for values that are no group.
std::string GroupKey(const filter::ValueView& value) {
  std::string key(1, static_cast<char>(value.kind));
  switch (value.kind) {
    case Value::Kind::kBool:
      key.push_back(value.boolean ? 1 : 0);
      return key;
    case Value::Kind::kInt64:
      base::PutLe(key, value.int64);
      return key;
    case Value::Kind::kDouble:
      base::PutLe(key, value.dbl == 0 ? 0.0 : value.dbl);  // both zeros are one
      return key;
    case Value::Kind::kString:
      return key.append(value.text);
    default:
      return "";
  }
}

// Adds rows[first…] to the groups until those are full.
Status AddRows(const SearchPlan& plan, std::span<const ShardView> views,
               std::span<const Found> rows, const CancelToken& cancel, GroupBuilder* groups) {
  std::vector<std::vector<uint64_t>> ids(views.size());
  std::vector<std::vector<std::string>> payloads(views.size());
  std::vector<size_t> next(views.size());
  for (size_t first = 0; first < rows.size() && !groups->full(); first += kPayloadBlock) {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    const auto block = rows.subspan(first, std::min(kPayloadBlock, rows.size() - first));
    for (auto& list : ids) list.clear();
    for (const Found& row : block) {
      const SegmentRef& ref = plan.segments[row.segment];
      ids[ref.shard].push_back(ref.segment->segment->internal_id(row.row));
    }
    for (size_t shard = 0; shard < views.size(); ++shard) {
      next[shard] = 0;
      if (ids[shard].empty()) continue;
      SAGITTA_RETURN_IF_ERROR(
          views[shard].store->ReadPayloads(ids[shard], &payloads[shard], views[shard].at.get()));
    }
    for (const Found& row : block) {
      const uint32_t shard = plan.segments[row.segment].shard;
      groups->Add(row, payloads[shard][next[shard]++]);
    }
  }
  return Status::Ok();
}

bool SameRow(const Found& a, const Found& b) { return a.segment == b.segment && a.row == b.row; }

// Asks for more and more of the best rows until they fill the groups or there are no more.
Result<GroupBuilder> Collect(const SearchPlan& plan, std::span<const ShardView> views,
                             CandidateSearch* candidates, const CancelToken& cancel) {
  const GroupBy& by = *plan.query->group_by;
  const size_t count = size_t{plan.query->offset} + plan.query->k;
  const uint64_t wanted = std::max(kFirstRows, kGrowth * count * by.group_size);
  const uint64_t rows = candidates->rows();
  uint64_t most = std::min<uint64_t>(rows, std::numeric_limits<uint32_t>::max() - 2);
  if (!candidates->exact() && rows > kFewRows) {
    most = std::min(most, std::max(kApproximateRows, wanted));
  }
  GroupBuilder groups(by.path, count, by.group_size);
  std::vector<Found> seen;
  for (uint64_t n = std::min(wanted, most);; n = std::min(n * kGrowth, most)) {
    SAGITTA_ASSIGN_OR_RETURN(std::vector<Found> best,
                             candidates->FindBest(static_cast<uint32_t>(n)));
    // A larger list normally goes on where the last one ended; from an approximate index it may
    // not.
    size_t known = seen.size();
    if (known > best.size() || !std::equal(seen.begin(), seen.end(), best.begin(), SameRow)) {
      groups = GroupBuilder(by.path, count, by.group_size);
      known = 0;
    }
    SAGITTA_RETURN_IF_ERROR(AddRows(plan, views, std::span(best).subspan(known), cancel, &groups));
    if (groups.full() || best.size() < n || n == most) return groups;
    seen = std::move(best);
  }
}

}  // namespace

void GroupBuilder::Add(const Found& row, std::string_view payload) {
  filter::WalkPayload(payload, path_, [&](const filter::ValueView& value, bool /*is_element*/) {
    AddTo(value, row);
    return true;
  });
}

void GroupBuilder::AddTo(const filter::ValueView& value, const Found& row) {
  std::string name = GroupKey(value);
  if (name.empty()) return;
  auto it = positions_.find(name);
  if (it == positions_.end()) {
    if (groups_.size() == max_groups_) return;
    std::optional<Value> key = filter::DecodeValue(value);
    if (!key.has_value()) return;
    it = positions_.emplace(std::move(name), groups_.size()).first;
    groups_.push_back({std::move(*key), {}});
  }
  std::vector<Found>& rows = groups_[it->second].rows;
  if (rows.size() == group_size_) return;
  // A list may hold a value twice.
  if (!rows.empty() && SameRow(rows.back(), row)) return;
  rows.push_back(row);
  if (rows.size() == group_size_) ++full_;
}

Result<std::vector<Group>> FindGroups(const CollectionSchema& schema,
                                      std::span<const ShardView> views, const SearchPlan& plan,
                                      CandidateSearch* candidates, const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const GroupBuilder found, Collect(plan, views, candidates, cancel));
  std::vector<Group> groups;
  std::vector<Found> rows;
  for (size_t i = plan.query->offset; i < found.groups().size(); ++i) {
    const GroupBuilder::Member& member = found.groups()[i];
    groups.push_back({member.key, {}});
    rows.insert(rows.end(), member.rows.begin(), member.rows.end());
  }
  SAGITTA_ASSIGN_OR_RETURN(std::vector<Hit> hits, MakeHits(schema, views, plan, rows));
  auto next = hits.begin();
  for (size_t i = 0; i < groups.size(); ++i) {
    const size_t size = found.groups()[plan.query->offset + i].rows.size();
    groups[i].hits.assign(std::make_move_iterator(next), std::make_move_iterator(next + size));
    next += size;
  }
  return groups;
}

}  // namespace sagitta::engine
