// Sequencer: the sequence numbers of a collection's writes, over all its shards. Thread-safe.
//
// A write over several shards has one number, in all of them. Whoever submits it takes the number
// and gives it back when every shard has made its part visible (or failed); a reader that asks for
// `min_seq` waits until no number up to it is out.
#pragma once

#include <cstdint>
#include <set>

#include "base/mutex.h"
#include "sagitta/query.h"

namespace sagitta::engine {

class Sequencer {
 public:
  // Numbers up to `seq` are used, by what was recovered.
  void AdvanceTo(uint64_t seq) EXCLUDES_LOCK(mu_);
  uint64_t Begin() EXCLUDES_LOCK(mu_);
  void End(uint64_t seq) EXCLUDES_LOCK(mu_);

  uint64_t last() const EXCLUDES_LOCK(mu_);
  // Waits until no number is out. REQUIRES: no Begin() meanwhile.
  void WaitNonePending() const EXCLUDES_LOCK(mu_);
  // Waits as long as `cancel` allows. A number that was not given yet may still be; who cannot end
  // the wait gets FAILED_PRECONDITION for it instead.
  Status WaitVisible(uint64_t seq, const CancelToken& cancel) const EXCLUDES_LOCK(mu_);

 private:
  mutable base::Mutex mu_;
  mutable base::CondVar done_;
  uint64_t last_ GUARDED_BY(mu_) = 0;
  std::set<uint64_t> pending_ GUARDED_BY(mu_);
};

}  // namespace sagitta::engine
