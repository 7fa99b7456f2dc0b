// Housekeeping: the small things that a collection needs from time to time. Deletes what has
// expired, forgets old request ids, and gives segments payload indexes that they lack. For one
// thread at a time.
#pragma once

#include <chrono>
#include <string>

#include "compactor/job_log.h"
#include "engine/collection_core.h"

namespace sagitta::compactor {

class Housekeeping {
 public:
  // Does what is due by now. Errors are logged, and tried again later.
  void Run(engine::CollectionCore& collection, const std::string& name, const CancelToken& cancel,
           JobLog& log);

 private:
  using Clock = std::chrono::steady_clock;

  void Sweep(engine::CollectionCore& collection, const std::string& name, JobLog& log);
  void EnsureIndexes(engine::CollectionCore& collection, const std::string& name,
                     const CancelToken& cancel, JobLog& log);

  Clock::time_point next_sweep_{};
  Clock::time_point next_dedup_{};
  Clock::time_point next_indexes_{};
};

}  // namespace sagitta::compactor
