#include "compactor/idle_flush.h"

#include "base/log.h"

namespace sagitta::compactor {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::chrono::seconds kAfterError{30};

}  // namespace

bool IdleFlush::Due(const engine::ShardState& shard) const {
  const std::chrono::milliseconds idle(engine::NowMs() - shard.last_write_ms());
  if (idle < rule_.after) return false;
  const uint64_t bytes = shard.store().MemtableBytes();
  if (bytes >= rule_.memtable_bytes) return true;
  if (bytes < rule_.small_bytes) return false;
  return idle >= rule_.small_after || shard.store().CountDisk().wal >= rule_.wal_bytes;
}

bool IdleFlush::Run(const engine::CollectionCore& collection, const std::string& name,
                    const CancelToken& cancel) {
  const auto now = Clock::now();
  if (now < next_) return false;
  next_ = now + std::min<Clock::duration>(kLookEvery, rule_.after);
  bool flushed = false;
  for (const auto& shard : collection.shards()) {
    const engine::ShardState& state = shard->state();
    if (!cancel.Check().ok()) break;
    if (!state.store().health().ok() || !Due(state)) continue;
    const Status status = state.store().Flush();
    if (status.ok()) {
      flushed = true;
      continue;
    }
    next_ = now + kAfterError;
    base::LogWarn("flushing shard {} of {}, which is at rest: {}", state.number(), name,
                  status.ToString());
  }
  return flushed;
}

}  // namespace sagitta::compactor
