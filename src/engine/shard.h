// Shard: one hash partition of a collection, by the id of its points: a store, its segments, one
// writer. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/shard_state.h"
#include "engine/shard_write.h"
#include "sagitta/admin.h"

namespace sagitta::engine {

class ShardWriter;

struct ShardOptions {
  std::string path;  // its directory: db/ and segments/
  uint32_t number = 0;
  EngineContext context;
  std::shared_ptr<const LiveSchema> schema;
  bool create = false;
};

// What the compactor decides by.
struct SegmentFacts {
  enum class State { kGrowing, kFrozen, kDegraded, kSealed };
  std::string id;
  State state = State::kSealed;
  uint64_t rows = 0;
  uint64_t deleted = 0;
  bool satisfied = true;  // every field's index is as the schema asks
  bool verified = true;   // its content has been checked since the open
};

struct ShardFacts {
  std::vector<SegmentFacts> segments;  // by ascending internal ids
  int64_t idle_ms = 0;                 // since the last write
  uint64_t log_ops = 0;                // operations that a recovery would replay
  bool read_only = false;
  CompactionSettings settings;  // without zeros
};

class Shard {
 public:
  // Recovers what is there: see shard_recovery.h. DATA_LOSS naming the file when the store is
  // damaged.
  static Result<std::shared_ptr<Shard>> Open(ShardOptions options);
  ~Shard();

  // Writes that wait end with UNAVAILABLE; later ones too. Idempotent.
  void Stop();

  // OK when a write of that many bytes may be queued. RESOURCE_EXHAUSTED when the queue, the memory
  // budget or the disk is full, or too many frozen segments wait to be sealed; UNAVAILABLE when
  // read-only or stopped.
  Status Admit(size_t bytes) const;
  // Queues the write; its status and result are set before write->done counts down. REQUIRES:
  // write->seq ascends from call to call.
  void Enqueue(std::shared_ptr<ShardWrite> write);

  ShardView View() const { return state_->View(); }
  ShardState& state() { return *state_; }
  const ShardState& state() const { return *state_; }

  ShardFacts Facts() const;
  // Freezes the growing segment, so that it can be sealed.
  void Freeze();
  // Rows that have expired, oldest expiry first, at most `limit`.
  Result<std::vector<RowTarget>> ExpiredRows(uint64_t limit) const;
  // Checks the content of a sealed segment's file; a damaged one is at once replaced by a degraded
  // segment of the same rows out of the store, and sealed anew later.
  Status VerifySegment(const std::string& id);

  ShardStats Stats() const;

  // A copy of the shard's directory at `to` (which must not exist), with hard links where it can.
  // REQUIRES: the caller holds state().apply_mu.
  Status CheckpointLocked(const std::string& to);

 private:
  explicit Shard(std::unique_ptr<ShardState> state);

  std::unique_ptr<ShardState> state_;
  std::unique_ptr<ShardWriter> writer_;
};

}  // namespace sagitta::engine
