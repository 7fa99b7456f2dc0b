// Trainer: carries out trainings one after another, on a thread of low priority, and publishes what
// they make. They show in the compactor's log. Each is a folder (training_files.h), so that what a
// crash or the end of the process interrupts goes on at the next start. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "compactor/job_log.h"
#include "database/catalog.h"
#include "database/model_store.h"
#include "database/training_data.h"
#include "database/training_files.h"

namespace sagitta::database {

// REQUIRES: all outlive the trainer.
struct TrainerParts {
  Catalog* catalog = nullptr;
  ModelStore* models = nullptr;
  compactor::JobLog* log = nullptr;
  base::MemoryBudget* memory = nullptr;
};

// What a training comes to.
struct TrainingOutcome {
  StoredModel model;     // but for what says of which training it is
  std::string measured;  // for a person
  std::string reason;    // why it is not published; empty = it is
};

class Trainer {
 public:
  // Trainings that wait; more are refused.
  static constexpr size_t kMostWaiting = 16;

  // Goes on with the trainings in `folder`, which is made when it is not there.
  static Result<std::unique_ptr<Trainer>> Open(const std::string& folder, TrainerParts parts);
  // Ends what runs at its next step, with a checkpoint, and lets it and all that wait be found at
  // the next start.
  ~Trainer();

  // The job's id, once it is durable. Errors are CheckTraining()'s, NOT_FOUND for the collection,
  // INVALID_ARGUMENT "collection" where it has too few points, RESOURCE_EXHAUSTED when too many
  // wait.
  Result<uint64_t> Start(TrainBinarizerRequest request) EXCLUDES_LOCK(mu_);
  // The same, but for CheckAdapterTraining()'s errors, and INVALID_ARGUMENT "points[i]" for what
  // has no vector of the field.
  Result<uint64_t> Start(TrainAdapterRequest request) EXCLUDES_LOCK(mu_);
  // Returns when the job will never go on; it ends soon after. NOT_FOUND unless it waits or runs.
  Status Cancel(uint64_t id) EXCLUDES_LOCK(mu_);

 private:
  struct Job {
    std::string uuid;
    TrainingFiles files;
    TrainingRequest request;
    uint64_t id = 0;  // in the log
    CancelToken cancel = CancelToken::Manual();
  };
  using JobPtr = std::shared_ptr<Job>;

  Trainer(std::string folder, TrainerParts parts);

  Status Resume();
  Status CheckRoom() const EXCLUDES_LOCK(mu_);
  // The job's id, once it is durable. `rows` unless they are sampled when it runs.
  Result<uint64_t> Launch(TrainingRequest request, const TrainingRows* rows) EXCLUDES_LOCK(mu_);
  Status Enqueue(std::string uuid, TrainingRequest request, uint64_t* id) EXCLUDES_LOCK(mu_);
  void Run(const JobPtr& job) EXCLUDES_LOCK(mu_);
  Status RunTraining(const Job& job) const;
  // What was measured is in the log's note, also where nothing is published.
  Status Publish(const Job& job, TrainingOutcome outcome) const;

  const std::string folder_;
  const TrainerParts parts_;
  mutable base::Mutex mu_;
  std::map<uint64_t, JobPtr> jobs_ GUARDED_BY(mu_);  // that wait or run, by id
  std::atomic<bool> closing_{false};
  base::ThreadPool thread_;  // last, so that it ends before anything that it uses goes
};

}  // namespace sagitta::database
