// Compactor: the background worker of a process. It seals, indexes, merges, purges, rebuilds,
// repairs and sweeps the shards given to it, one seal and one rebuild at a time, within a thread
// and a memory budget, while searches and writes go on. A crash at any point loses no data and
// costs at most the work of the running jobs.
//
// Two lanes: seals, which keep memory and recovery short, never wait for the long rebuilds. Beside
// them rows in memory are linked as they come, paused or not: that is no job, and has no end.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "compactor/job_log.h"
#include "engine/collection_core.h"
#include "sagitta/admin.h"

namespace sagitta::compactor {

struct CompactorOptions {
  uint32_t threads = 1;                  // of rebuilds, at low priority
  base::MemoryBudget* memory = nullptr;  // outlives the compactor
  bool paused = false;
};

class Compactor {
 public:
  static std::unique_ptr<Compactor> Create(CompactorOptions options);
  // Cancels what runs and waits for it.
  virtual ~Compactor() = default;

  // `name` shows in JobInfo. Add also replaces the name of one that is there.
  virtual void Add(std::shared_ptr<engine::CollectionCore> collection, std::string name) = 0;
  // Cancels the collection's jobs, waits for them, and lets go of it.
  virtual void Remove(const engine::CollectionCore* collection) = 0;
  // Looks for work now rather than at the next tick: after settings changed, say.
  virtual void Wake() = 0;

  // While paused no job starts, except seals of full and of degraded segments, which bound memory;
  // running ones go on to their end, so that their work is not lost.
  virtual void SetPaused(bool paused) = 0;
  virtual CompactionStatus Status() const = 0;
  // Where others show their jobs beside the compactor's.
  virtual JobLog& log() = 0;

  // Seals every row present now and merges each shard into as few segments as max_segment_rows
  // allows, also where the tiers would not ask for it. Returns at once. Runs even while paused (an
  // operator asked for it).
  virtual sagitta::Status Force(const engine::CollectionCore* collection) = 0;
  // Freezes and seals what is there, then waits until nothing is left to do: every segment sealed
  // and as the settings ask, no merge or purge due. FAILED_PRECONDITION when paused meanwhile;
  // UNAVAILABLE when the collection is removed; the error of the last job when jobs of a shard fail
  // three times in a row.
  virtual sagitta::Status WaitIdle(const engine::CollectionCore* collection,
                                   const CancelToken& cancel,
                                   const std::function<void(double)>& progress) = 0;
  // Whether nothing is left to do there; rows that still grow are allowed.
  virtual bool Idle(const engine::CollectionCore* collection) const = 0;
};

}  // namespace sagitta::compactor
