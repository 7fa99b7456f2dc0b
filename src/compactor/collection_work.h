// CollectionWork: what the scheduler keeps of one collection: for each shard, which jobs run, which
// failed, and what somebody has asked for beyond what the picker finds due. Guarded by the
// scheduler's mutex.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compactor/backoff.h"
#include "compactor/housekeeping.h"
#include "compactor/idle_flush.h"
#include "compactor/picker.h"
#include "engine/collection_core.h"

namespace sagitta::compactor {

using TimePoint = std::chrono::steady_clock::time_point;

class ShardWork {
 public:
  explicit ShardWork(std::shared_ptr<engine::Shard> shard) : shard_(std::move(shard)) {}

  struct Lane {
    bool running = false;
    Backoff backoff;
    // Nothing was due at that sequence number, and time alone does not change it.
    bool quiet = false;
    uint64_t quiet_seq = 0;
    TimePoint look_again{};
  };
  Lane seal;
  Lane rebuild;
  // Of the linking thread alone.
  struct Linking {
    bool quiet = false;  // nothing was left to link at that sequence number
    uint64_t quiet_seq = 0;
    TimePoint look_again{};
  };
  Linking linking;

  engine::Shard& shard() const { return *shard_; }
  bool running() const { return seal.running || rebuild.running; }

  // What should start now, in a lane that is idle and not backing off.
  std::optional<SealPick> NextSeal(bool paused, TimePoint now);
  std::optional<RebuildPick> NextRebuild(bool paused, TimePoint now);
  // What would start if nothing were paused or backing off.
  uint32_t Pending() const;

  // Rows that grow are sealed, however few.
  void SealNow();
  // And then the segments are merged into as few as settings allow.
  void MergeAll();
  void SealStarts() { seal_now_ = false; }
  void SealEnds(const Status& status, TimePoint now);
  void RebuildEnds(const RebuildPick& pick, const Status& status, TimePoint now);
  void Awake();

  // Nothing runs, nothing was asked for, and the picker finds nothing.
  bool Idle(const engine::ShardFacts& facts) const;
  bool seal_now() const { return seal_now_; }

 private:
  enum class Forced { kNo, kSealing, kMerging };

  bool Skip(const Lane& lane, TimePoint now) const;
  void SetQuiet(Lane& lane, TimePoint now) const;
  // Moves a forced compaction on to its next stage, when what it waited for is there.
  void AdvanceForced(const engine::ShardFacts& facts);
  std::optional<RebuildPick> ForcedMerge(const engine::ShardFacts& facts);

  const std::shared_ptr<engine::Shard> shard_;
  DeathWatch death_watch_;
  bool seal_now_ = false;
  Forced forced_ = Forced::kNo;
  std::optional<std::set<std::string>>
      forced_unsealed_;  // ids that must be sealed before the merge
  std::deque<std::vector<std::string>> forced_merges_;
};

struct CollectionWork {
  CollectionWork(std::shared_ptr<engine::CollectionCore> core, std::string name);

  std::shared_ptr<engine::CollectionCore> collection;  // null when it was removed
  std::string name;
  std::deque<ShardWork> shards;
  CancelToken cancel = CancelToken::Manual();
  int busy = 0;  // threads that use the collection
  bool removed = false;
  Housekeeping housekeeping;  // both of the housekeeping thread alone
  IdleFlush idle_flush;
};

}  // namespace sagitta::compactor
