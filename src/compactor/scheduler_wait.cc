// What operators ask of the Scheduler: status, forced compaction, waiting until nothing is left to
// do.
#include <algorithm>

#include "compactor/scheduler.h"

namespace sagitta::compactor {
namespace {

using Clock = std::chrono::steady_clock;
using State = engine::SegmentFacts::State;

constexpr std::chrono::milliseconds kWaitTick{50};
constexpr uint32_t kFailuresInARow = 3;
// Work to seal a row, as a share of that to index it.
constexpr double kSealShare = 0.1;

sagitta::Status NotThere() {
  return sagitta::Status::Unavailable("the collection is closing or was dropped");
}

sagitta::Status Paused() {
  return sagitta::Status::FailedPrecondition("compaction is paused: waiting would not end");
}

double RowsLeft(const engine::ShardFacts& facts, bool growing_too) {
  double rows = 0;
  for (const engine::SegmentFacts& segment : facts.segments) {
    const auto n = static_cast<double>(segment.rows);
    if (segment.state == State::kSealed) {
      rows += segment.satisfied ? 0 : n;
    } else if (segment.state != State::kGrowing || growing_too) {
      rows += (1 + kSealShare) * n;
    }
  }
  return rows;
}

}  // namespace

CompactionStatus Scheduler::Status() const {
  CompactionStatus status;
  base::MutexLock lock(mu_);
  status.paused = paused_;
  for (const WorkPtr& work : works_) {
    for (const ShardWork& shard : work->shards) status.pending += shard.Pending();
  }
  status.running = log_.Running();
  status.recent = log_.Recent();
  return status;
}

Scheduler::WorkPtr Scheduler::Find(const engine::CollectionCore* collection) const {
  for (const WorkPtr& work : works_) {
    if (work->collection.get() == collection) return work;
  }
  return nullptr;
}

sagitta::Status Scheduler::Force(const engine::CollectionCore* collection) {
  base::MutexLock lock(mu_);
  const WorkPtr work = Find(collection);
  if (work == nullptr || stopping_) return NotThere();
  for (ShardWork& shard : work->shards) shard.MergeAll();
  changed_.NotifyAll();
  return sagitta::Status::Ok();
}

bool Scheduler::Idle(const engine::CollectionCore* collection) const {
  base::MutexLock lock(mu_);
  const WorkPtr work = Find(collection);
  return work != nullptr && Look(*work).idle;
}

Scheduler::Outlook Scheduler::Look(const CollectionWork& work) const {
  Outlook outlook;
  for (const ShardWork& shard : work.shards) {
    const engine::ShardFacts facts = shard.shard().Facts();
    outlook.rows_left += RowsLeft(facts, shard.seal_now());
    for (const engine::SegmentFacts& segment : facts.segments) {
      if (segment.state == State::kGrowing) outlook.rows_growing += segment.rows;
    }
    if (shard.Idle(facts)) continue;
    outlook.idle = false;
    if (facts.read_only) outlook.error = shard.shard().state().store().health();
    for (const ShardWork::Lane* lane : {&shard.seal, &shard.rebuild}) {
      if (lane->backoff.failures() >= kFailuresInARow) outlook.error = lane->backoff.last();
    }
  }
  for (const JobInfo& job : log_.Running()) {
    if (job.collection != work.name) continue;
    outlook.rows_left -= job.progress * static_cast<double>(job.rows);
  }
  return outlook;
}

sagitta::Status Scheduler::WaitTick(const WorkPtr& work, const CancelToken& cancel,
                                    Outlook* outlook) {
  base::MutexLock lock(mu_);
  changed_.WaitUntil(mu_, Clock::now() + kWaitTick);
  if (work->removed || stopping_) return NotThere();
  *outlook = Look(*work);
  if (outlook->idle) return sagitta::Status::Ok();
  SAGITTA_RETURN_IF_ERROR(outlook->error);
  if (paused_) return Paused();
  return cancel.Check();
}

sagitta::Status Scheduler::WaitIdle(const engine::CollectionCore* collection,
                                    const CancelToken& cancel,
                                    const std::function<void(double)>& progress) {
  WorkPtr work;
  Outlook outlook;
  {
    base::MutexLock lock(mu_);
    work = Find(collection);
    if (work == nullptr || stopping_) return NotThere();
    outlook = Look(*work);
    const bool nothing_to_do = outlook.idle && outlook.rows_growing == 0;
    if (nothing_to_do || paused_) return nothing_to_do ? sagitta::Status::Ok() : Paused();
    for (ShardWork& shard : work->shards) shard.SealNow();
    outlook = Look(*work);
    changed_.NotifyAll();
  }
  double most = std::max(outlook.rows_left, 1.0);
  double shown = 0;
  while (!outlook.idle) {
    SAGITTA_RETURN_IF_ERROR(WaitTick(work, cancel, &outlook));
    most = std::max(most, outlook.rows_left);
    shown = std::clamp(1 - outlook.rows_left / most, shown, 0.99);
    if (progress) progress(outlook.idle ? 1 : shown);
  }
  return sagitta::Status::Ok();
}

}  // namespace sagitta::compactor
