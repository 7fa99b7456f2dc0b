#include "compactor/job.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "engine/payload_index_build.h"
#include "engine/segment_rebuild.h"

namespace sagitta::compactor {
namespace {

using engine::SegmentRebuild;

// Where the steps of a job end, as shares of its time. Building an index dwarfs everything else.
constexpr double kWritten = 0.05;
constexpr double kWrittenWithoutIndex = 0.70;
constexpr double kBuilt = 0.95;
constexpr double kVerified = 0.99;

// Bytes of the budget, held as long as the object.
class Reservation {
 public:
  explicit Reservation(base::MemoryBudget* budget) : budget_(budget) {}
  ~Reservation() {
    if (budget_ != nullptr) budget_->Release(bytes_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  Status Take(uint64_t bytes, bool overcommit) {
    if (budget_ == nullptr) return Status::Ok();
    const Status status = budget_->Reserve(bytes, "building a segment");
    if (!status.ok()) {
      if (!overcommit) return status;
      budget_->ForceReserve(bytes);
    }
    bytes_ = bytes;
    return Status::Ok();
  }

 private:
  base::MemoryBudget* const budget_;
  uint64_t bytes_ = 0;
};

// Turns the 0–1 of each index, one after the other, into the progress of the job.
class BuildProgress {
 public:
  BuildProgress(std::vector<std::string> steps, const JobContext& context)
      : steps_(std::move(steps)), context_(context) {}

  void Report(double share) EXCLUDES_LOCK(mu_) {
    base::MutexLock lock(mu_);
    if (done_ >= steps_.size()) return;
    const double all = (static_cast<double>(done_) + share) / static_cast<double>(steps_.size());
    context_.log.Update(context_.id, "build " + steps_[done_],
                        kWritten + (kBuilt - kWritten) * all);
    if (share >= 1) ++done_;
  }

 private:
  const std::vector<std::string> steps_;
  const JobContext& context_;
  base::Mutex mu_;
  size_t done_ GUARDED_BY(mu_) = 0;
};

Status WriteAndVerify(SegmentRebuild& rebuild, const JobContext& context) {
  const auto steps = rebuild.IndexSteps();
  BuildProgress progress(steps, context);
  index::BuildContext build;
  build.pool = context.pool;
  build.max_workers = context.workers;
  build.cancel = context.cancel;
  build.progress = [&](double share) { progress.Report(share); };
  context.log.Update(context.id, "write", 0);
  SAGITTA_RETURN_IF_ERROR(rebuild.Write(build));
  context.log.Update(context.id, "verify", steps.empty() ? kWrittenWithoutIndex : kBuilt);
  SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
  return rebuild.Verify(context.cancel);
}

Status RunSteps(SegmentRebuild& rebuild, const JobContext& context) {
  SAGITTA_RETURN_IF_ERROR(WriteAndVerify(rebuild, context));
  SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
  context.log.Update(context.id, "install", kVerified);
  return rebuild.Install();
}

JobResult Ended(Status status) {
  return {.status = std::move(status), .nothing = false, .postponed = false};
}

// "index" for segments as seals leave them, without an index or with a graph for the time being;
// "reindex" where there was another.
std::string IndexKindOfJob(const engine::Shard& shard, const std::string& id) {
  const auto schema = shard.state().schema();
  for (const auto& segment : shard.state().Segments()) {
    if (segment->id() != id) continue;
    for (uint16_t field = 0; field < schema->fields.size(); ++field) {
      const IndexKind kind = segment->index_kind(field), wanted = schema->fields[field].index.kind;
      const bool made_by_seal = IsFlat(kind) || kind == IndexKind::kGraph;
      if (!made_by_seal && kind != wanted) return "reindex";
    }
  }
  return "index";
}

}  // namespace

JobResult RunSeal(const SealPick& pick, const JobContext& context) {
  if (pick.freeze) context.shard.Freeze();
  engine::ShardState& state = context.shard.state();
  const auto settings = engine::WithDefaults(state.schema()->compaction);
  auto rebuild = SegmentRebuild::PrepareSeal(state, CheckpointOps(settings));
  if (!rebuild.ok()) return Ended(rebuild.status());
  if (*rebuild == nullptr) return {.status = {}, .nothing = true, .postponed = false};
  context.log.SetKind(context.id, pick.kind, (*rebuild)->rows());
  // A seal frees more than it takes.
  Reservation memory(context.memory);
  const Status taken = memory.Take((*rebuild)->MemoryBytes(), /*overcommit=*/true);
  return Ended(taken.ok() ? RunSteps(**rebuild, context) : taken);
}

JobResult RunRebuild(const RebuildPick& pick, const JobContext& context) {
  if (pick.kind == "verify") {
    context.log.Update(context.id, "verify", 0);
    return Ended(context.shard.VerifySegment(pick.ids.front()));
  }
  auto rebuild = SegmentRebuild::PrepareRebuild(context.shard.state(), pick.ids);
  if (!rebuild.ok()) return Ended(rebuild.status());
  if (pick.kind == "index") {
    context.log.SetKind(context.id, IndexKindOfJob(context.shard, pick.ids.front()), pick.rows);
  }
  Reservation memory(context.memory);
  const Status fits = memory.Take((*rebuild)->MemoryBytes(), context.overcommit);
  if (!fits.ok()) return {.status = fits, .nothing = false, .postponed = true};
  return Ended(RunSteps(**rebuild, context));
}

}  // namespace sagitta::compactor
