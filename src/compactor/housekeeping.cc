#include "compactor/housekeeping.h"

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "engine/payload_index_build.h"

namespace sagitta::compactor {
namespace {

constexpr std::chrono::seconds kSweepEvery{1};
constexpr std::chrono::hours kDedupEvery{1};
constexpr std::chrono::seconds kIndexesEvery{1};
constexpr std::chrono::seconds kAfterError{10};
constexpr uint64_t kSweepRows =
    10'000;  // per shard, so that one sweep does not hold writes back for long

bool MayExpire(const engine::CollectionCore& collection) {
  for (const auto& shard : collection.shards()) {
    for (const auto& segment : shard->state().Segments()) {
      if (segment->may_expire()) return true;
    }
  }
  return false;
}

// A sealed segment of the shard that lacks an index of the schema.
std::shared_ptr<engine::SealedSegment> FindLacking(const engine::Shard& shard,
                                                   const CollectionSchema& schema) {
  for (const auto& segment : shard.state().Segments()) {
    if (!segment->sealed()) continue;
    for (const PayloadIndex& index : schema.indexes) {
      if (engine::HasPayloadIndex(*segment, index)) continue;
      return std::static_pointer_cast<engine::SealedSegment>(segment);
    }
  }
  return nullptr;
}

void LogFailure(const char* what, const std::string& name, uint32_t shard, const Status& status) {
  if (status.code() == StatusCode::kCancelled) return;
  base::LogError("{} of {}, shard {}: {}", what, name, shard, status.ToString());
}

}  // namespace

void Housekeeping::Run(engine::CollectionCore& collection, const std::string& name,
                       const CancelToken& cancel, JobLog& log) {
  const auto now = Clock::now();
  if (now >= next_sweep_) {
    next_sweep_ = now + kSweepEvery;
    if (MayExpire(collection)) Sweep(collection, name, log);
  }
  if (now >= next_indexes_) {
    next_indexes_ = now + kIndexesEvery;
    EnsureIndexes(collection, name, cancel, log);
  }
  if (now < next_dedup_) return;
  next_dedup_ = now + kDedupEvery;
  for (const auto& shard : collection.shards()) {
    if (!cancel.Check().ok()) return;
    const Status status =
        shard->state().store().ExpireDedup(engine::NowMs() - store::ShardStore::kDedupTtlMs);
    if (!status.ok()) LogFailure("forgetting request ids", name, shard->state().number(), status);
  }
}

void Housekeeping::Sweep(engine::CollectionCore& collection, const std::string& name, JobLog& log) {
  const auto swept = collection.SweepExpired(kSweepRows);
  if (!swept.ok()) {
    next_sweep_ = Clock::now() + kAfterError;
    LogFailure("deleting expired points", name, 0, swept.status());
    return;
  }
  if (*swept == 0) return;
  log.Finish(log.Start("sweep", name, 0, *swept), Status::Ok());
  if (*swept >= kSweepRows) next_sweep_ = {};  // more have expired
}

void Housekeeping::EnsureIndexes(engine::CollectionCore& collection, const std::string& name,
                                 const CancelToken& cancel, JobLog& log) {
  for (const auto& shard : collection.shards()) {
    while (true) {
      const auto schema = collection.schema();
      const auto segment = FindLacking(*shard, *schema);
      if (segment == nullptr) break;
      const uint32_t number = shard->state().number();
      const uint64_t job = log.Start("payload_index", name, number, segment->rows());
      const Status status =
          engine::EnsurePayloadIndexes(shard->state(), *segment, schema->indexes, cancel);
      log.Finish(job, status);
      if (status.ok()) continue;
      next_indexes_ = Clock::now() + kAfterError;
      LogFailure("building a payload index", name, number, status);
      return;
    }
  }
}

}  // namespace sagitta::compactor
