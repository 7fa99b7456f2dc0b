// JobLog: which jobs run, how far they are, and how the last ones ended. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "sagitta/admin.h"

namespace sagitta::compactor {

class JobLog {
 public:
  static constexpr size_t kRecent = 100;

  // Returns the job's id. State, phase and times are set here.
  uint64_t Start(std::string kind, std::string collection, uint32_t shard, uint64_t rows)
      EXCLUDES_LOCK(mu_);
  // A job that waits, until Begin(). Returns its id.
  uint64_t Queue(std::string kind, std::string collection) EXCLUDES_LOCK(mu_);
  void Begin(uint64_t id, uint64_t rows) EXCLUDES_LOCK(mu_);
  void SetKind(uint64_t id, std::string kind, uint64_t rows) EXCLUDES_LOCK(mu_);
  // Progress never goes back.
  void Update(uint64_t id, std::string_view phase, double progress) EXCLUDES_LOCK(mu_);
  void SetLosses(uint64_t id, std::vector<float> losses) EXCLUDES_LOCK(mu_);
  void SetNote(uint64_t id, std::string note) EXCLUDES_LOCK(mu_);
  // Done, cancelled or failed, as `status` says.
  void Finish(uint64_t id, const Status& status) EXCLUDES_LOCK(mu_);
  // Forgets a job that turned out to have nothing to do.
  void Drop(uint64_t id) EXCLUDES_LOCK(mu_);

  std::vector<JobInfo> Running() const
      EXCLUDES_LOCK(mu_);                                  // oldest first, with estimates as of now
  std::vector<JobInfo> Recent() const EXCLUDES_LOCK(mu_);  // newest first, at most kRecent

 private:
  mutable base::Mutex mu_;
  uint64_t last_id_ GUARDED_BY(mu_) = 0;
  std::map<uint64_t, JobInfo> running_ GUARDED_BY(mu_);
  std::deque<JobInfo> recent_ GUARDED_BY(mu_);
};

// Seconds that a job with that progress after `elapsed_ms` still takes; −1 when it is too early to
// say.
double EstimateSeconds(int64_t elapsed_ms, double progress);

}  // namespace sagitta::compactor
