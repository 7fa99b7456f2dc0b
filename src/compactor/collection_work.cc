#include "compactor/collection_work.h"

#include <algorithm>

namespace sagitta::compactor {
namespace {

using engine::SegmentFacts;
using engine::ShardFacts;
using State = SegmentFacts::State;

// A shard where nothing is due is looked at this often all the same.
constexpr std::chrono::seconds kLookAgain{1};
// A forced merge that fails as often is given up.
constexpr uint32_t kForcedTries = 3;

bool IsUnsealed(const SegmentFacts& segment) {
  return segment.state == State::kFrozen || segment.state == State::kDegraded;
}

const SegmentFacts* Find(const ShardFacts& facts, const std::string& id) {
  for (const SegmentFacts& segment : facts.segments) {
    if (segment.id == id) return &segment;
  }
  return nullptr;
}

void End(ShardWork::Lane& lane, const Status& status, TimePoint now) {
  lane.running = false;
  if (status.ok()) {
    lane.backoff.Succeed();
  } else if (status.code() != StatusCode::kCancelled) {
    lane.backoff.Fail(status, now);
  }
}

}  // namespace

CollectionWork::CollectionWork(std::shared_ptr<engine::CollectionCore> core, std::string its_name)
    : collection(std::move(core)), name(std::move(its_name)) {
  for (const auto& shard : collection->shards()) shards.emplace_back(shard);
}

bool ShardWork::Skip(const Lane& lane, TimePoint now) const {
  if (lane.running || !lane.backoff.Ready(now)) return true;
  return lane.quiet && now < lane.look_again && lane.quiet_seq == shard_->state().applied_seq();
}

void ShardWork::SetQuiet(Lane& lane, TimePoint now) const {
  lane.quiet = true;
  lane.look_again = now + kLookAgain;
}

std::optional<SealPick> ShardWork::NextSeal(bool paused, TimePoint now) {
  if (Skip(seal, now)) return std::nullopt;
  seal.quiet_seq = shard_->state().applied_seq();
  const ShardFacts facts = shard_->Facts();
  paused = paused && forced_ == Forced::kNo;
  auto pick = PickSeal(facts, {.now = seal_now_ && !paused, .paused = paused});
  if (pick.has_value()) return pick;
  if (!paused) seal_now_ = false;
  const SegmentFacts* last = facts.segments.empty() ? nullptr : &facts.segments.back();
  const bool may_become_idle = last != nullptr && last->state == State::kGrowing &&
                               last->rows >= facts.settings.seal_min_rows;
  if (!may_become_idle) SetQuiet(seal, now);
  return std::nullopt;
}

std::optional<RebuildPick> ShardWork::NextRebuild(bool paused, TimePoint now) {
  if (Skip(rebuild, now) || (paused && forced_ == Forced::kNo)) return std::nullopt;
  rebuild.quiet_seq = shard_->state().applied_seq();
  const ShardFacts facts = shard_->Facts();
  AdvanceForced(facts);
  if (forced_ == Forced::kSealing)
    return std::nullopt;  // what is built now would be merged at once
  if (auto pick = ForcedMerge(facts)) return pick;
  if (paused) return std::nullopt;
  auto pick = PickRebuild(facts, death_watch_.Observe(facts, now));
  if (!pick.has_value()) SetQuiet(rebuild, now);
  return pick;
}

void ShardWork::AdvanceForced(const ShardFacts& facts) {
  if (forced_ != Forced::kSealing || seal_now_ || seal.running) return;
  if (!forced_unsealed_.has_value()) {
    forced_unsealed_.emplace();
    for (const SegmentFacts& segment : facts.segments) {
      if (IsUnsealed(segment)) forced_unsealed_->insert(segment.id);
    }
  }
  for (const std::string& id : *forced_unsealed_) {
    const SegmentFacts* segment = Find(facts, id);
    if (segment != nullptr && IsUnsealed(*segment)) return;
  }
  forced_ = Forced::kMerging;
  for (auto& ids : PlanFewest(facts)) forced_merges_.push_back(std::move(ids));
}

std::optional<RebuildPick> ShardWork::ForcedMerge(const ShardFacts& facts) {
  if (forced_ != Forced::kMerging) return std::nullopt;
  if (std::any_of(facts.segments.begin(), facts.segments.end(),
                  [](const SegmentFacts& s) { return s.state == State::kDegraded; })) {
    return std::nullopt;
  }
  for (; !forced_merges_.empty(); forced_merges_.pop_front()) {
    if (rebuild.backoff.failures() >= kForcedTries) continue;
    RebuildPick pick{.kind = "merge", .ids = forced_merges_.front(), .rows = 0};
    bool all_there = true;
    for (const std::string& id : pick.ids) {
      const SegmentFacts* segment = Find(facts, id);
      all_there = all_there && segment != nullptr && segment->state == State::kSealed;
      if (!all_there) break;
      if (!segment->verified) return RebuildPick{"verify", {id}, segment->rows};
      pick.rows += segment->rows;
    }
    if (all_there) return pick;
  }
  forced_ = Forced::kNo;
  return std::nullopt;
}

uint32_t ShardWork::Pending() const {
  const ShardFacts facts = shard_->Facts();
  uint32_t pending = 0;
  if (!seal.running && PickSeal(facts, {.now = seal_now_, .paused = false})) ++pending;
  if (!rebuild.running && (forced_ != Forced::kNo || PickRebuild(facts))) ++pending;
  return pending;
}

void ShardWork::Awake() {
  for (Lane* lane : {&seal, &rebuild}) {
    lane->quiet = false;
    lane->backoff.Succeed();
  }
}

void ShardWork::SealNow() {
  seal_now_ = true;
  Awake();
}

void ShardWork::MergeAll() {
  SealNow();
  forced_ = Forced::kSealing;
  forced_unsealed_.reset();
  forced_merges_.clear();
}

void ShardWork::SealEnds(const Status& status, TimePoint now) {
  End(seal, status, now);
  seal.quiet = rebuild.quiet = false;
}

void ShardWork::RebuildEnds(const RebuildPick& pick, const Status& status, TimePoint now) {
  End(rebuild, status, now);
  seal.quiet = rebuild.quiet = false;
  if (status.ok() && !forced_merges_.empty() && forced_merges_.front() == pick.ids) {
    forced_merges_.pop_front();
  }
}

bool ShardWork::Idle(const ShardFacts& facts) const {
  return !running() && !seal_now_ && forced_ == Forced::kNo && IsSettled(facts);
}

}  // namespace sagitta::compactor
