// Scheduler: the Compactor. Four threads: one runs seals, one rebuilds (which build indexes with
// the pool's threads), one does the housekeeping, one links the rows of segments in memory. Each
// looks at the shards every tick, in turn, and takes what is due.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/thread_pool.h"
#include "compactor/collection_work.h"
#include "compactor/compactor.h"
#include "compactor/job.h"
#include "compactor/job_log.h"
#include "compactor/residency.h"

namespace sagitta::compactor {

class Scheduler final : public Compactor {
 public:
  explicit Scheduler(CompactorOptions options);
  ~Scheduler() override;

  void Add(std::shared_ptr<engine::CollectionCore> collection, std::string name) override
      EXCLUDES_LOCK(mu_);
  void Remove(const engine::CollectionCore* collection) override EXCLUDES_LOCK(mu_);
  void Wake() override EXCLUDES_LOCK(mu_);
  void SetPaused(bool paused) override EXCLUDES_LOCK(mu_);
  CompactionStatus Status() const override EXCLUDES_LOCK(mu_);
  JobLog& log() override { return log_; }
  sagitta::Status Force(const engine::CollectionCore* collection) override EXCLUDES_LOCK(mu_);
  sagitta::Status WaitIdle(const engine::CollectionCore* collection, const CancelToken& cancel,
                           const std::function<void(double)>& progress) override EXCLUDES_LOCK(mu_);
  bool Idle(const engine::CollectionCore* collection) const override EXCLUDES_LOCK(mu_);

 private:
  using WorkPtr = std::shared_ptr<CollectionWork>;
  template <typename Pick>
  struct Start {
    WorkPtr work;
    ShardWork* shard;
    Pick pick;
    bool overcommit;
  };
  // Rows that are not yet where they should be.
  struct Outlook {
    bool idle = true;
    double rows_left = 0;
    uint64_t rows_growing = 0;
    sagitta::Status error;
  };

  void SealLoop() EXCLUDES_LOCK(mu_);
  void RebuildLoop() EXCLUDES_LOCK(mu_);
  void HousekeepingLoop() EXCLUDES_LOCK(mu_);
  void LinkLoop() EXCLUDES_LOCK(mu_);
  // Ends a use of a collection.
  void LetGo(CollectionWork& work) REQUIRES_LOCK(mu_);
  // Links for a moment. True when more is left to do at once.
  bool Link(CollectionWork& work);
  void KeepResidency(const std::vector<WorkPtr>& works);
  void KeepHouse(CollectionWork& work, bool paused) EXCLUDES_LOCK(mu_);
  // Whether the heap is to be trimmed now: something big was freed, and all is quiet.
  bool TakeTrim() REQUIRES_LOCK(mu_);
  std::optional<Start<SealPick>> NextSeal() REQUIRES_LOCK(mu_);
  std::optional<Start<RebuildPick>> NextRebuild() REQUIRES_LOCK(mu_);
  void Run(const Start<SealPick>& start) EXCLUDES_LOCK(mu_);
  void Run(const Start<RebuildPick>& start) EXCLUDES_LOCK(mu_);
  template <typename Pick>
  JobContext ContextOf(const Start<Pick>& start);
  // Ends the job in the log, and says in ours when it failed.
  void Record(const CollectionWork& work, const ShardWork& shard, const JobContext& context,
              const std::string& kind, const JobResult& result);

  WorkPtr Find(const engine::CollectionCore* collection) const REQUIRES_LOCK(mu_);
  Outlook Look(const CollectionWork& work) const REQUIRES_LOCK(mu_);
  sagitta::Status WaitTick(const WorkPtr& work, const CancelToken& cancel, Outlook* outlook)
      EXCLUDES_LOCK(mu_);

  const CompactorOptions options_;
  ResidencyKeeper residency_;  // of the housekeeping thread
  JobLog log_;
  mutable base::Mutex mu_;
  mutable base::CondVar changed_;
  std::vector<WorkPtr> works_ GUARDED_BY(mu_);
  bool paused_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  int running_ GUARDED_BY(mu_) = 0;         // jobs
  bool heap_worn_ GUARDED_BY(mu_) = false;  // pages of it may be held for nothing
  // Where the next look begins, so that no shard waits for ever behind the others.
  size_t seal_turn_ GUARDED_BY(mu_) = 0;
  size_t rebuild_turn_ GUARDED_BY(mu_) = 0;

  base::ThreadPool build_pool_;
  // Last, so that their loops end before anything that they use goes.
  base::ThreadPool seal_thread_;
  base::ThreadPool rebuild_thread_;
  base::ThreadPool housekeeping_thread_;
  base::ThreadPool link_thread_;
};

}  // namespace sagitta::compactor
