#include "engine/shard.h"

#include "base/file.h"
#include "base/log.h"
#include "engine/shard_recovery.h"
#include "engine/shard_writer.h"

namespace sagitta::engine {

Result<std::shared_ptr<Shard>> Shard::Open(ShardOptions options) {
  const std::string segments = options.path + "/segments";
  if (options.create) {
    SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(segments));
  } else if (!base::FileExists(segments)) {
    return Status::DataLoss(segments + ": is missing");
  }
  SAGITTA_ASSIGN_OR_RETURN(
      auto opened,
      store::ShardStore::Open(options.path + "/db", options.context.store, options.create));
  auto state = std::make_unique<ShardState>(options.path, options.number, options.context,
                                            options.schema, std::move(opened));
  SAGITTA_ASSIGN_OR_RETURN(const store::AppliedState applied, RecoverShard(*state));
  std::shared_ptr<Shard> shard(new Shard(std::move(state)));
  shard->writer_ = std::make_unique<ShardWriter>(shard->state_.get(), applied.next_internal_id);
  return shard;
}

Shard::Shard(std::unique_ptr<ShardState> state) : state_(std::move(state)) {}

Shard::~Shard() { Stop(); }

void Shard::Stop() {
  if (writer_ != nullptr) writer_->Stop();
}

Status Shard::Admit(size_t bytes) const { return writer_->Admit(bytes); }

void Shard::Enqueue(std::shared_ptr<ShardWrite> write) { writer_->Enqueue(std::move(write)); }

ShardFacts Shard::Facts() const {
  const auto schema = state_->schema();
  ShardFacts facts;
  facts.settings = WithDefaults(schema->compaction);
  facts.idle_ms = NowMs() - state_->last_write_ms();
  facts.log_ops = state_->log_ops();
  facts.read_only = state_->store().health().code() == StatusCode::kUnavailable;
  const auto segments = state_->Segments();
  for (const auto& segment : segments) {
    SegmentFacts fact{
        .id = segment->id(), .rows = segment->rows(), .deleted = segment->tombstones().Count()};
    if (const auto* sealed = dynamic_cast<const SealedSegment*>(segment.get())) {
      fact.verified = sealed->verified();
      for (uint16_t i = 0; i < schema->fields.size(); ++i) {
        fact.satisfied = fact.satisfied && segment->Satisfies(i, schema->fields[i].index);
      }
    } else {
      fact.state = segment == segments.back() ? SegmentFacts::State::kGrowing
                   : segment->degraded()      ? SegmentFacts::State::kDegraded
                                              : SegmentFacts::State::kFrozen;
    }
    facts.segments.push_back(std::move(fact));
  }
  return facts;
}

void Shard::Freeze() {
  base::MutexLock lock(state_->apply_mu);
  state_->Rotate();
}

Result<std::vector<RowTarget>> Shard::ExpiredRows(uint64_t limit) const {
  std::vector<uint64_t> ids;
  SAGITTA_RETURN_IF_ERROR(state_->store().ScanExpired(NowMs(), [&](uint64_t internal_id, int64_t) {
    ids.push_back(internal_id);
    return ids.size() < limit;
  }));
  std::vector<RowTarget> rows;
  for (const uint64_t id : ids) {
    SAGITTA_ASSIGN_OR_RETURN(const auto rev, state_->store().FindRev(id));
    // Gone meanwhile, when there is none.
    if (rev.has_value()) rows.push_back({rev->ext_key, id});
  }
  return rows;
}

Status Shard::VerifySegment(const std::string& id) {
  const auto segments = state_->Segments();
  for (size_t i = 0; i < segments.size(); ++i) {
    auto sealed = std::dynamic_pointer_cast<SealedSegment>(segments[i]);
    if (sealed == nullptr || sealed->id() != id || sealed->verified()) continue;
    const Status status = sealed->VerifyContent();
    if (status.code() != StatusCode::kDataLoss) return status;
    base::LogError("{}; its rows are served by exact scan until it has been rebuilt",
                   status.ToString());
    base::MutexLock lock(state_->apply_mu);
    // Its ids may be what is damaged: its neighbours say where it begins and ends.
    const auto now = state_->Segments();
    uint64_t first = 1;
    for (size_t j = 0; j < now.size(); ++j) {
      if (now[j] != sealed) {
        if (now[j]->rows() > 0) first = now[j]->internal_id(now[j]->rows() - 1) + 1;
        continue;
      }
      uint64_t last = UINT64_MAX;
      for (size_t next = now.size(); next-- > j + 1;) {
        if (now[next]->rows() > 0) last = now[next]->internal_id(0) - 1;
      }
      SAGITTA_ASSIGN_OR_RETURN(auto degraded, LoadDegraded(*state_, first, last));
      state_->Degrade(sealed, std::move(degraded));
      return Status::Ok();
    }
    return Status::Ok();
  }
  return Status::Ok();
}

ShardStats Shard::Stats() const {
  ShardStats stats;
  stats.shard = state_->number();
  stats.points = state_->Points();
  stats.applied_seq = state_->applied_seq();
  const Status health = state_->store().health();
  stats.read_only = !health.ok();
  stats.read_only_reason = health.message();
  for (const auto& segment : state_->Segments()) {
    SegmentStats facts = segment->Stats();
    if (!segment->sealed()) stats.unsealed_rows += facts.rows;
    stats.space += facts.space;
    stats.segments.push_back(std::move(facts));
  }
  const store::DiskUse disk = state_->store().CountDisk();
  stats.space.disk_rocksdb = disk.tables;
  stats.space.disk_wal = disk.wal;
  return stats;
}

Status Shard::CheckpointLocked(const std::string& to) {
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(to + "/segments"));
  SAGITTA_RETURN_IF_ERROR(state_->store().Checkpoint(to + "/db"));
  SAGITTA_ASSIGN_OR_RETURN(const store::Manifest manifest, state_->store().ReadManifest());
  for (const store::ManifestSegment& segment : manifest.segments) {
    const std::string from = state_->SegmentPath(segment.uuid);
    const Status linked = base::LinkOrCopyFile(from, to + "/segments/" + segment.uuid + ".seg");
    // A damaged file that is gone: the store has its rows.
    if (!linked.ok() && linked.code() != StatusCode::kNotFound) return linked;
  }
  return base::SyncDirectory(to + "/segments");
}

}  // namespace sagitta::engine
