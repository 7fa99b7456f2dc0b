// ShardWriter: the one thread that changes a shard's points. Writes that wait while it syncs are
// taken together: one batch, one fsync, one publication (group commit).
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "engine/shard_state.h"
#include "engine/shard_write.h"

namespace sagitta::engine {

class WritePlan;

class ShardWriter {
 public:
  // REQUIRES: `state` has been recovered and outlives this.
  ShardWriter(ShardState* state, uint64_t next_internal_id);
  ~ShardWriter();
  void Stop() EXCLUDES_LOCK(mu_);

  Status Admit(size_t bytes) const EXCLUDES_LOCK(mu_);
  void Enqueue(std::shared_ptr<ShardWrite> write) EXCLUDES_LOCK(mu_);

 private:
  using Group = std::vector<std::shared_ptr<ShardWrite>>;

  void Run();
  bool NextGroup(Group* group) EXCLUDES_LOCK(mu_);  // false: stopped
  Status Apply(const Group& group);
  void Show(const WritePlan& plan, uint64_t seq) REQUIRES_LOCK(state_->apply_mu);
  Status CheckDisk() const;

  ShardState* const state_;
  uint64_t next_internal_id_;  // of the thread
  mutable base::Mutex mu_;
  base::CondVar wake_;
  std::deque<std::shared_ptr<ShardWrite>> queue_ GUARDED_BY(mu_);
  size_t queued_bytes_ GUARDED_BY(mu_) = 0;
  bool stopped_ GUARDED_BY(mu_) = false;
  mutable std::atomic<int64_t> disk_checked_ms_{0};
  mutable std::atomic<uint64_t> disk_free_{~uint64_t{0}};  // bytes, at the last check
  std::thread thread_;
};

}  // namespace sagitta::engine
