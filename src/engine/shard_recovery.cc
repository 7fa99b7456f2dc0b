#include "engine/shard_recovery.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/file.h"
#include "base/log.h"
#include "engine/payload_index_build.h"
#include "engine/row_loader.h"
#include "engine/tombstones.h"

namespace sagitta::engine {
namespace {

using SegmentList = std::vector<std::shared_ptr<Segment>>;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// The file of a listed segment; null when it is missing or damaged.
Result<std::shared_ptr<SealedSegment>> OpenListed(ShardState& state,
                                                  const store::ManifestSegment& listed) {
  auto opened = SealedSegment::Open(state.SegmentPath(listed.uuid), listed.uuid, state.layouts());
  Status status = opened.status();
  if (status.ok() && (*opened)->rows() != listed.rows) {
    status = Status::DataLoss((*opened)->path() + ": has " + std::to_string((*opened)->rows()) +
                              " rows, the manifest says " + std::to_string(listed.rows));
  }
  if (status.ok()) {
    SAGITTA_RETURN_IF_ERROR(ApplyTombstones(listed.tombstones, opened->get()));
    return std::move(*opened);
  }
  if (status.code() != StatusCode::kDataLoss && status.code() != StatusCode::kNotFound) {
    return status;
  }
  base::LogError("{}; its rows are served by exact scan until it has been rebuilt",
                 status.ToString());
  return std::shared_ptr<SealedSegment>();
}

// Files that no manifest lists: of builds that a crash ended, or replaced before it.
Status RemoveUnlisted(const ShardState& state, const store::Manifest& manifest) {
  std::set<std::string> listed;
  for (const auto& segment : manifest.segments) listed.insert(segment.uuid + ".seg");
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(state.SegmentDirectory()));
  for (const std::string& name : names) {
    if (listed.contains(name)) continue;
    SAGITTA_RETURN_IF_ERROR(base::RemoveFile(state.SegmentDirectory() + "/" + name));
    base::LogInfo("removed {}/{}, which an interrupted rebuild left", state.SegmentDirectory(),
                  name);
  }
  return Status::Ok();
}

void AppendAll(std::vector<std::shared_ptr<MutableSegment>> from, SegmentList* to) {
  for (auto& segment : from) to->push_back(std::move(segment));
}

// Rows that no sealed segment holds: after the last one, and, when one is damaged, in every gap.
Status LoadGaps(const std::vector<std::shared_ptr<SealedSegment>>& sealed, bool damaged,
                RowLoader& loader, SegmentList* segments) {
  uint64_t next = 1;
  for (const auto& segment : sealed) {
    if (segment->rows() == 0) continue;
    const uint64_t first = segment->internal_id(0);
    if (damaged && first > next) {
      SAGITTA_RETURN_IF_ERROR(loader.Load(next, first - 1));
      loader.Finish();
      AppendAll(loader.Take(), segments);
    }
    segments->push_back(segment);
    next = segment->internal_id(segment->rows() - 1) + 1;
  }
  SAGITTA_RETURN_IF_ERROR(loader.Load(next, kNoLimit));
  loader.FinishDegraded();
  AppendAll(loader.Take(), segments);
  return Status::Ok();
}

void Kill(const SegmentList& segments, uint64_t internal_id) {
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    if ((*it)->rows() == 0 || internal_id < (*it)->internal_id(0)) continue;
    if (const auto row = (*it)->FindRow(internal_id)) (*it)->tombstones().Set(*row);
    return;
  }
}

// Kills what the log says. Rows that it put are there already, by LoadGaps.
Result<uint64_t> ReplayDeaths(const ShardState& state, uint64_t sealed_upto,
                              const SegmentList& segments) {
  uint64_t ops = 0;
  SAGITTA_RETURN_IF_ERROR(state.store().ReplayLog(
      sealed_upto, [&](uint64_t, std::span<const store::LogOp> log) -> Status {
        for (const store::LogOp& op : log) {
          if (op.kind == store::LogOp::Kind::kDelete) Kill(segments, op.internal_id);
          if (op.kind == store::LogOp::Kind::kPut && op.replaced != 0) Kill(segments, op.replaced);
        }
        ops += log.size();
        return Status::Ok();
      }));
  return ops;
}

}  // namespace

Result<store::AppliedState> RecoverShard(ShardState& state) {
  SAGITTA_ASSIGN_OR_RETURN(const store::AppliedState applied, state.store().ReadApplied());
  SAGITTA_ASSIGN_OR_RETURN(const store::Manifest manifest, state.store().ReadManifest());
  SAGITTA_RETURN_IF_ERROR(RemoveUnlisted(state, manifest));
  ShardState::Contents contents;
  contents.generation = manifest.generation;
  contents.sealed_upto = manifest.sealed_upto;
  contents.applied_seq = applied.applied_seq;
  std::vector<std::shared_ptr<SealedSegment>> sealed;
  for (const store::ManifestSegment& listed : manifest.segments) {
    SAGITTA_ASSIGN_OR_RETURN(auto segment, OpenListed(state, listed));
    if (segment == nullptr) {
      contents.damaged.push_back(listed);
    } else {
      sealed.push_back(std::move(segment));
    }
  }
  const auto first_id = [](const auto& s) { return s->rows() == 0 ? 0 : s->internal_id(0); };
  std::sort(sealed.begin(), sealed.end(),
            [&](const auto& a, const auto& b) { return first_id(a) < first_id(b); });
  RowLoader loader(state, manifest.sealed_upto);
  SAGITTA_RETURN_IF_ERROR(LoadGaps(sealed, !contents.damaged.empty(), loader, &contents.segments));
  SAGITTA_ASSIGN_OR_RETURN(contents.log_ops,
                           ReplayDeaths(state, manifest.sealed_upto, contents.segments));
  if (!contents.segments.empty()) {
    contents.growing = std::dynamic_pointer_cast<MutableSegment>(contents.segments.back());
  }
  if (contents.growing != nullptr && !contents.growing->frozen()) {
    contents.segments.pop_back();
  } else {
    contents.growing = state.NewMutable(0);
  }
  if (loader.degraded_rows() > 0) {
    base::LogWarn("{}: {} rows of damaged segments were loaded from the store", state.path(),
                  loader.degraded_rows());
  }
  const auto schema = state.schema();
  for (const auto& segment : sealed) {
    SAGITTA_RETURN_IF_ERROR(EnsurePayloadIndexes(state, *segment, schema->indexes, CancelToken()));
  }
  base::MutexLock lock(state.apply_mu);
  state.SetContents(std::move(contents));
  return applied;
}

Result<std::vector<std::shared_ptr<Segment>>> LoadDegraded(const ShardState& state, uint64_t first,
                                                           uint64_t last) {
  // Every row of a sealed segment was written by then.
  RowLoader loader(state, state.sealed_upto());
  SAGITTA_RETURN_IF_ERROR(loader.Load(first, last));
  loader.Finish();
  SegmentList segments;
  AppendAll(loader.Take(), &segments);
  return segments;
}

}  // namespace sagitta::engine
