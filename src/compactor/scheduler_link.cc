// The Scheduler's linking: behind the writers, rows of segments in memory are put into the graphs
// that searches walk over.
#include "base/log.h"
#include "compactor/scheduler.h"

namespace sagitta::compactor {
namespace {

using Clock = std::chrono::steady_clock;

// Searches scan what came within a tick; where no rows come, looking costs little but not nothing.
constexpr std::chrono::milliseconds kTick{10};
constexpr std::chrono::milliseconds kIdleTick{100};
constexpr std::chrono::seconds kActive{1};  // after the last rows came
// On fewer threads the pool's help would be taken from searches: one thread links 5,000 rows of 784
// dimensions a second in less than half of its time.
constexpr uint32_t kThreadsForHelp = 3;
// A shard that is done, or has no memory left, is looked at this often all the same.
constexpr std::chrono::seconds kLookAgain{1};
// Rows that nobody searches are left to the seal, and a bulk load is not held up.
constexpr std::chrono::seconds kSearchedWithin{10};

}  // namespace

void Scheduler::LinkLoop() {
  Clock::time_point active_until{};
  while (true) {
    std::vector<WorkPtr> works;
    {
      base::MutexLock lock(mu_);
      if (stopping_) return;
      works = works_;
    }
    bool more = false;
    for (const WorkPtr& work : works) {
      {
        // Held only now: whoever drops a collection does not wait for the others' turns.
        base::MutexLock lock(mu_);
        if (stopping_ || work->removed) continue;
        ++work->busy;
      }
      more |= Link(*work);
      base::MutexLock lock(mu_);
      LetGo(*work);
    }
    works.clear();
    const auto now = Clock::now();
    if (more) {
      active_until = now + kActive;
      continue;
    }
    base::MutexLock lock(mu_);
    if (stopping_) return;
    changed_.WaitUntil(mu_, now + (now < active_until ? kTick : kIdleTick));
  }
}

bool Scheduler::Link(CollectionWork& work) {
  index::BuildContext context;
  context.pool = &build_pool_;
  context.max_workers = options_.threads < kThreadsForHelp ? 1 : options_.threads;
  context.cancel = work.cancel;
  bool more = false;
  for (ShardWork& shard : work.shards) {
    if (!work.cancel.Check().ok()) return false;
    engine::ShardState& state = shard.shard().state();
    ShardWork::Linking& linking = shard.linking;
    const uint64_t seq = state.applied_seq();
    const auto now = Clock::now();
    if (linking.quiet && linking.quiet_seq == seq && now < linking.look_again) continue;
    const auto linked = state.Link(context, now - kSearchedWithin);
    linking = {.quiet = !linked.ok() || !*linked, .quiet_seq = seq, .look_again = now + kLookAgain};
    more |= linked.ok() && *linked;
    const StatusCode code = linked.status().code();
    if (!linked.ok() && code != StatusCode::kCancelled && code != StatusCode::kResourceExhausted) {
      base::LogError("linking rows of shard {} failed and is tried again later: {}", state.number(),
                     linked.status().ToString());
    }
  }
  return more;
}

}  // namespace sagitta::compactor
