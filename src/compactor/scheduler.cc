#include "compactor/scheduler.h"

#include <algorithm>

#include "base/heap.h"
#include "base/log.h"

namespace sagitta::compactor {
namespace {

using Clock = std::chrono::steady_clock;
using Priority = base::ThreadPool::Priority;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kHousekeepingTick{250};
constexpr std::chrono::seconds kPostponed{1};
constexpr int64_t kQuietMs = 2'000;

// The n-th of all shards, counted over the collections.
template <typename Visit>
void VisitInTurn(const std::vector<std::shared_ptr<CollectionWork>>& works, size_t* turn,
                 Visit visit) {
  size_t total = 0;
  for (const auto& work : works) total += work->shards.size();
  for (size_t i = 0; i < total; ++i) {
    size_t at = (*turn + i) % total;
    auto work = works.begin();
    for (; at >= (*work)->shards.size(); ++work) at -= (*work)->shards.size();
    if (!visit(*work, (*work)->shards[at])) continue;
    *turn = (*turn + i + 1) % total;
    return;
  }
}

}  // namespace

std::unique_ptr<Compactor> Compactor::Create(CompactorOptions options) {
  return std::make_unique<Scheduler>(options);
}

Scheduler::Scheduler(CompactorOptions options)
    : options_(options),
      residency_(options.memory),
      paused_(options.paused),
      build_pool_("build", std::max<uint32_t>(options.threads, 2) - 1, 1, Priority::kBackground),
      seal_thread_("seal", 1, 1),
      rebuild_thread_("rebuild", 1, 1, Priority::kBackground),
      housekeeping_thread_("housekeeping", 1, 1),
      // At the priority of searches: what is not linked makes each of them slower, and were they to
      // keep this thread from its work, they would go on doing so.
      link_thread_("link", 1, 1) {
  const sagitta::Status started[] = {seal_thread_.Submit([this] { SealLoop(); }),
                                     rebuild_thread_.Submit([this] { RebuildLoop(); }),
                                     housekeeping_thread_.Submit([this] { HousekeepingLoop(); }),
                                     link_thread_.Submit([this] { LinkLoop(); })};
  for (const sagitta::Status& status : started) {
    if (!status.ok()) base::LogError("compactor: {}", status.ToString());
  }
}

Scheduler::~Scheduler() {
  base::MutexLock lock(mu_);
  stopping_ = true;
  for (const WorkPtr& work : works_) work->cancel.Cancel();
  changed_.NotifyAll();
}

void Scheduler::Add(std::shared_ptr<engine::CollectionCore> collection, std::string name) {
  base::MutexLock lock(mu_);
  if (const WorkPtr work = Find(collection.get())) {
    work->name = std::move(name);
    return;
  }
  works_.push_back(std::make_shared<CollectionWork>(std::move(collection), std::move(name)));
  heap_worn_ = true;  // by recovery
  changed_.NotifyAll();
}

void Scheduler::Remove(const engine::CollectionCore* collection) {
  WorkPtr work;
  std::shared_ptr<engine::CollectionCore> last_use;  // goes after the lock
  base::MutexLock lock(mu_);
  work = Find(collection);
  if (work == nullptr) return;
  work->removed = true;
  work->cancel.Cancel();
  std::erase(works_, work);
  changed_.NotifyAll();
  while (work->busy != 0) changed_.Wait(mu_);
  work->shards.clear();
  last_use = std::move(work->collection);
}

void Scheduler::Wake() {
  base::MutexLock lock(mu_);
  for (const WorkPtr& work : works_) {
    for (ShardWork& shard : work->shards) shard.Awake();
  }
  changed_.NotifyAll();
}

void Scheduler::SetPaused(bool paused) {
  base::MutexLock lock(mu_);
  paused_ = paused;
  for (const WorkPtr& work : works_) {
    for (ShardWork& shard : work->shards) shard.seal.quiet = shard.rebuild.quiet = false;
  }
  changed_.NotifyAll();
}

std::optional<Scheduler::Start<SealPick>> Scheduler::NextSeal() {
  std::optional<Start<SealPick>> start;
  VisitInTurn(works_, &seal_turn_, [&, paused = paused_](const WorkPtr& work, ShardWork& shard) {
    auto pick = shard.NextSeal(paused, Clock::now());
    if (!pick.has_value()) return false;
    shard.seal.running = true;
    shard.SealStarts();
    start = {work, &shard, std::move(*pick), true};
    return true;
  });
  if (!start.has_value()) return start;
  ++start->work->busy;
  ++running_;
  return start;
}

std::optional<Scheduler::Start<RebuildPick>> Scheduler::NextRebuild() {
  std::optional<Start<RebuildPick>> start;
  const bool paused = paused_;
  const bool alone = running_ == 0;
  VisitInTurn(works_, &rebuild_turn_, [&](const WorkPtr& work, ShardWork& shard) {
    auto pick = shard.NextRebuild(paused, Clock::now());
    if (!pick.has_value()) return false;
    shard.rebuild.running = true;
    start = {work, &shard, std::move(*pick), alone};
    return true;
  });
  if (!start.has_value()) return start;
  ++start->work->busy;
  ++running_;
  return start;
}

void Scheduler::SealLoop() {
  while (true) {
    std::optional<Start<SealPick>> start;
    {
      base::MutexLock lock(mu_);
      if (stopping_) return;
      start = NextSeal();
      if (!start.has_value()) {
        changed_.WaitUntil(mu_, Clock::now() + kTick);
        continue;
      }
    }
    Run(*start);
  }
}

void Scheduler::RebuildLoop() {
  while (true) {
    std::optional<Start<RebuildPick>> start;
    {
      base::MutexLock lock(mu_);
      if (stopping_) return;
      start = NextRebuild();
      if (!start.has_value()) {
        changed_.WaitUntil(mu_, Clock::now() + kTick);
        continue;
      }
    }
    Run(*start);
  }
}

void Scheduler::HousekeepingLoop() {
  while (true) {
    std::vector<WorkPtr> works;
    bool paused;
    bool trim;
    {
      base::MutexLock lock(mu_);
      if (stopping_) return;
      works = works_;
      paused = paused_;
      trim = TakeTrim();
      for (const WorkPtr& work : works) ++work->busy;
    }
    KeepResidency(works);
    for (const WorkPtr& work : works) {
      if (work->cancel.Check().ok()) KeepHouse(*work, paused);
      base::MutexLock lock(mu_);
      LetGo(*work);
    }
    if (trim) base::TrimHeap();
    base::MutexLock lock(mu_);
    if (stopping_) return;
    changed_.WaitUntil(mu_, Clock::now() + kHousekeepingTick);
  }
}

void Scheduler::KeepResidency(const std::vector<WorkPtr>& works) {
  std::vector<std::shared_ptr<engine::CollectionCore>> collections;
  for (const WorkPtr& work : works) {
    if (work->cancel.Check().ok()) collections.push_back(work->collection);
  }
  residency_.Run(collections);
}

void Scheduler::KeepHouse(CollectionWork& work, bool paused) {
  std::string name;
  {
    base::MutexLock lock(mu_);
    name = work.name;
  }
  // Also while paused, as it bounds memory and disk.
  if (work.idle_flush.Run(*work.collection, name, work.cancel)) {
    base::MutexLock lock(mu_);
    heap_worn_ = true;
  }
  if (!paused) work.housekeeping.Run(*work.collection, name, work.cancel, log_);
}

void Scheduler::LetGo(CollectionWork& work) {
  --work.busy;
  if (work.removed) changed_.NotifyAll();
}

bool Scheduler::TakeTrim() {
  if (!heap_worn_ || running_ != 0) return false;
  const int64_t now = engine::NowMs();
  for (const WorkPtr& work : works_) {
    for (const ShardWork& shard : work->shards) {
      // Writers would page in again at once what they are given back.
      if (now - shard.shard().state().last_write_ms() < kQuietMs) return false;
    }
  }
  heap_worn_ = false;
  return true;
}

template <typename Pick>
JobContext Scheduler::ContextOf(const Start<Pick>& start) {
  std::string name;
  {
    base::MutexLock lock(mu_);
    name = start.work->name;
  }
  engine::Shard& shard = start.shard->shard();
  return {.shard = shard,
          .pool = &build_pool_,
          .workers = std::max<uint32_t>(1, options_.threads),
          .memory = options_.memory,
          .overcommit = start.overcommit,
          .cancel = start.work->cancel,
          .log = log_,
          .id = log_.Start(start.pick.kind, name, shard.state().number(), start.pick.rows)};
}

void Scheduler::Record(const CollectionWork& work, const ShardWork& shard,
                       const JobContext& context, const std::string& kind,
                       const JobResult& result) {
  if (result.nothing || result.postponed) {
    log_.Drop(context.id);
    return;
  }
  log_.Finish(context.id, result.status);
  if (result.status.ok() || result.status.code() == StatusCode::kCancelled) return;
  base::LogError("{} of shard {} of {} failed and is tried again later: {}", kind,
                 shard.shard().state().number(), work.name, result.status.ToString());
}

void Scheduler::Run(const Start<SealPick>& start) {
  const JobContext context = ContextOf(start);
  const JobResult result = RunSeal(start.pick, context);
  base::MutexLock lock(mu_);
  Record(*start.work, *start.shard, context, start.pick.kind, result);
  start.shard->SealEnds(result.status, Clock::now());
  heap_worn_ = true;
  --running_;
  --start.work->busy;
  changed_.NotifyAll();
}

void Scheduler::Run(const Start<RebuildPick>& start) {
  const JobContext context = ContextOf(start);
  const JobResult result = RunRebuild(start.pick, context);
  // Building an index takes much that nobody else wants, and is rare.
  if (!result.postponed) base::TrimHeap();
  base::MutexLock lock(mu_);
  Record(*start.work, *start.shard, context, start.pick.kind, result);
  if (result.postponed) {
    start.shard->rebuild.running = false;
    start.shard->rebuild.backoff.Postpone(Clock::now() + kPostponed);
  } else {
    start.shard->RebuildEnds(start.pick, result.status, Clock::now());
  }
  --running_;
  --start.work->busy;
  changed_.NotifyAll();
}

}  // namespace sagitta::compactor
