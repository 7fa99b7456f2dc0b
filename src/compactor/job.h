// Runs one job: what the picker picked, step by step, with its progress in the log.
#pragma once

#include <cstdint>

#include "base/memory_budget.h"
#include "base/thread_pool.h"
#include "compactor/job_log.h"
#include "compactor/picker.h"
#include "engine/shard.h"
#include "sagitta/query.h"

namespace sagitta::compactor {

struct JobContext {
  engine::Shard& shard;
  base::ThreadPool* pool = nullptr;      // builds indexes, with the calling thread
  size_t workers = 1;                    // threads of a build, the caller's included
  base::MemoryBudget* memory = nullptr;  // null = no bound
  bool overcommit = false;  // go on when memory does not suffice: waiting would free none
  CancelToken cancel;
  JobLog& log;
  uint64_t id = 0;  // in the log
};

struct JobResult {
  Status status;
  bool nothing = false;    // there was nothing to do any more
  bool postponed = false;  // memory does not suffice now
};

JobResult RunSeal(const SealPick& pick, const JobContext& context);
JobResult RunRebuild(const RebuildPick& pick, const JobContext& context);

}  // namespace sagitta::compactor
