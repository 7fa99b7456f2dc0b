#include "engine/segment_rebuild.h"

#include <algorithm>
#include <bit>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/names.h"
#include "engine/graph_takeover.h"
#include "engine/payload_index_build.h"
#include "engine/tombstones.h"

namespace sagitta::engine {
namespace {

using SegmentList = std::vector<std::shared_ptr<Segment>>;

bool IsFrozen(const Segment& segment) {
  return !segment.sealed() && static_cast<const MutableSegment&>(segment).frozen();
}

// The oldest frozen segment and those right after it that are frozen too, as many as fit into one.
SegmentList OldestFrozen(const ShardState& shard) {
  const uint64_t seal_rows = shard.seal_rows();
  SegmentList found;
  uint64_t rows = 0;
  for (const auto& segment : shard.Segments()) {
    if (!IsFrozen(*segment)) {
      if (!found.empty()) break;
      continue;
    }
    rows += segment->rows();
    if (!found.empty() && rows > std::max<uint64_t>(seal_rows, found.front()->rows())) break;
    found.push_back(segment);
  }
  return found;
}

Result<SegmentList> SealedNeighbours(const ShardState& shard, const std::vector<std::string>& ids) {
  const SegmentList all = shard.Segments();
  auto it = std::find_if(all.begin(), all.end(), [&](const auto& segment) {
    return !ids.empty() && segment->id() == ids.front();
  });
  SegmentList found;
  for (const std::string& id : ids) {
    if (it == all.end() || (*it)->id() != id || !(*it)->sealed()) {
      return Status::FailedPrecondition("segment " + id +
                                        " is gone, not sealed, or no neighbour of the one before");
    }
    found.push_back(*it++);
  }
  if (found.empty()) return Status::FailedPrecondition("no segments are named");
  return found;
}

// Heap bytes that building the index of `n` vectors takes, about: links of FAISS and their stored
// form, locks and visited sets; training sample, assignment and codes.
uint64_t IndexBuildBytes(const IndexParams& params, const FieldLayout& layout, uint64_t n) {
  constexpr uint64_t kTrainingBytes = uint64_t{512} << 20;
  switch (index::ResolveKind(params, n, layout.row)) {
    case IndexKind::kHnsw:
    case IndexKind::kBinaryHnsw:
      return n * (uint64_t{params.hnsw.m} * 20 + 48);
    case IndexKind::kGraph: {
      // Codes for building and to keep, a byte for each dimension at the most; a sample of 8,192
      // rows twice, and its covariance.
      const uint64_t codes = 2 * (uint64_t{layout.dim} + 128);
      const uint64_t sample = (2 * std::min<uint64_t>(n, 8192) + layout.dim) * layout.dim;
      return n * (codes + uint64_t{params.graph.degree} * sizeof(uint32_t) + 32) +
             std::min(kTrainingBytes, sample * sizeof(float));
    }
    case IndexKind::kIvfFlat:
    case IndexKind::kIvfPq: {
      const uint64_t code = layout.dim / std::max<uint32_t>(1, params.pq.m == 0 ? 4 : 1);
      return n * (24 + 2 * code) + std::min(kTrainingBytes, n * layout.dim * sizeof(float));
    }
    case IndexKind::kFlatCodes:
    case IndexKind::kIvfCodes: {
      // At most two bytes an element and 6 more; a sample of 20,000 rows twice.
      const uint64_t sample = 2 * std::min<uint64_t>(n, 20'000) * layout.dim * sizeof(float);
      return n * (24 + 2 * uint64_t{layout.dim} + 6) + std::min(kTrainingBytes, sample);
    }
    case IndexKind::kBinaryIvf: {
      const uint64_t sample = n * (VectorBytes(layout.row, layout.dim) + 8);
      return n * 24 + std::min(kTrainingBytes, sample);
    }
    default:
      return 0;
  }
}

// Rows that a seal links itself, besides a quarter of all: a second's work or two.
constexpr size_t kMostUnlinked = 8192;
// More are linked roughly, which is quicker: the graph serves until a rebuild, which its
// build_width makes due, and is far better than scanning all rows. Not with L1: without codes even
// that is slow.
constexpr uint32_t kRoughWidth = 32;
// With more segments waiting, rows come faster than even such graphs can be written.
constexpr size_t kMostWaiting = 3;

// What a seal writes for a field.
IndexParams SealedParams(const VectorField& of, const SegmentList& sources,
                         const std::vector<SourceRow>& rows, uint16_t field) {
  IndexParams flat;
  flat.kind = FlatKind(of.storage);
  const IndexParams& wanted = of.index;
  const IndexKind kind = index::ResolveKind(wanted, rows.size(), of.storage);
  if (kind != IndexKind::kGraph && kind != IndexKind::kHnsw) return flat;
  IndexParams params = wanted;
  params.graph = GrowingParams(wanted);
  const auto takeover = FindTakeover(sources, rows, field, params.graph);
  const size_t linked = takeover.has_value() ? takeover->rows : 0;
  // Few rows, or nobody searches: the index that was asked for will soon be there.
  if (linked == 0 && (kind == IndexKind::kHnsw || rows.size() > kMostUnlinked)) return flat;
  if (kind == IndexKind::kHnsw) params.kind = IndexKind::kGraph;
  if (rows.size() - linked > std::max(kMostUnlinked, rows.size() / 4)) {
    if (of.metric == Metric::kL1) return flat;
    params.graph.build_width = std::min(params.graph.build_width, kRoughWidth);
  }
  return params;
}

}  // namespace

Result<std::unique_ptr<SegmentRebuild>> SegmentRebuild::PrepareSeal(ShardState& shard,
                                                                    uint64_t checkpoint_ops) {
  SegmentList sources = OldestFrozen(shard);
  if (sources.empty() && shard.log_ops() <= checkpoint_ops) {
    return std::unique_ptr<SegmentRebuild>();
  }
  std::unique_ptr<SegmentRebuild> rebuild(new SegmentRebuild(shard, /*seal=*/true));
  for (const auto& source : sources) {
    // What degraded segments hold was sealed before: they shorten no log.
    if (source->degraded()) continue;
    rebuild->sealed_upto_ = static_cast<const MutableSegment&>(*source).last_seq();
  }
  rebuild->Capture(std::move(sources));
  const auto schema = shard.schema();
  for (const VectorField& field : schema->fields) {
    rebuild->indexes_.emplace_back().kind = FlatKind(field.storage);
  }
  if (shard.FrozenCount() > kMostWaiting) return rebuild;
  for (uint16_t i = 0; i < schema->fields.size(); ++i) {
    rebuild->indexes_[i] = SealedParams(schema->fields[i], rebuild->sources_, rebuild->rows_, i);
  }
  return rebuild;
}

Result<std::unique_ptr<SegmentRebuild>> SegmentRebuild::PrepareRebuild(
    ShardState& shard, const std::vector<std::string>& ids) {
  SAGITTA_ASSIGN_OR_RETURN(SegmentList sources, SealedNeighbours(shard, ids));
  std::unique_ptr<SegmentRebuild> rebuild(new SegmentRebuild(shard, /*seal=*/false));
  const auto schema = shard.schema();
  for (const VectorField& field : schema->fields) rebuild->indexes_.push_back(field.index);
  rebuild->Capture(std::move(sources));
  return rebuild;
}

void SegmentRebuild::Capture(SegmentList sources) {
  sources_ = std::move(sources);
  for (const auto& source : sources_) {
    // Without the publish lock: a row that dies right now may be missed, and Install transfers it.
    dead_.push_back(CopyTombstones(source->tombstones()));
    source_rows_ += source->rows();
  }
  rows_ = LiveRows(sources_, dead_);
  if (!rows_.empty()) id_ = Uuid::Random().ToString();
}

SegmentRebuild::~SegmentRebuild() {
  if (!written_ || keep_file_) return;
  result_.reset();
  const Status removed = base::RemoveFile(shard_.SegmentPath(id_));
  if (!removed.ok()) base::LogWarn("a rebuild leaves its file: {}", removed.ToString());
}

uint64_t SegmentRebuild::MemoryBytes() const {
  constexpr uint64_t kColumnBytes = 32;  // a column of one value per row, and its positions
  uint64_t index_bytes = 0;
  for (size_t i = 0; i < indexes_.size(); ++i) {
    index_bytes =
        std::max(index_bytes, IndexBuildBytes(indexes_[i], shard_.layouts()[i], rows_.size()));
  }
  return rows_.size() * kColumnBytes + index_bytes;
}

std::vector<std::string> SegmentRebuild::IndexSteps() const {
  std::vector<std::string> steps;
  const auto schema = shard_.schema();
  for (size_t i = 0; i < indexes_.size(); ++i) {
    // As many vectors as rows: a field that few points have may turn out to need no index.
    const VectorField& field = schema->fields[i];
    const IndexKind kind = index::ResolveKind(indexes_[i], rows_.size(), field.storage);
    if (IsFlat(kind)) continue;
    steps.push_back(std::string(base::IndexKindName(kind)) + " " + field.name);
  }
  return steps;
}

Status SegmentRebuild::Write(const index::BuildContext& context) {
  if (rows_.empty()) return Status::Ok();
  SAGITTA_FAULT(seal_ ? "seal.before_write" : "rebuild.before_write");
  written_ = true;
  index::BuildContext build = context;
  build.codecs = shard_.context().codecs;
  SAGITTA_RETURN_IF_ERROR(WriteSegment(sources_, rows_,
                                       {.path = shard_.SegmentPath(id_),
                                        .layouts = shard_.layouts(),
                                        .indexes = indexes_,
                                        .build = build}));
  SAGITTA_FAULT(seal_ ? "seal.after_write" : "rebuild.after_write");
  return Status::Ok();
}

Status SegmentRebuild::Verify(const CancelToken& cancel) {
  if (rows_.empty()) return Status::Ok();
  SAGITTA_ASSIGN_OR_RETURN(result_,
                           SealedSegment::Open(shard_.SegmentPath(id_), id_, shard_.layouts()));
  if (!result_->verified()) SAGITTA_RETURN_IF_ERROR(result_->VerifyContent());
  if (result_->rows() != rows_.size()) {
    return Status::Internal(result_->path() + ": has " + std::to_string(result_->rows()) +
                            " rows, written were " + std::to_string(rows_.size()));
  }
  for (uint16_t i = 0; i < indexes_.size(); ++i) {
    // Else the same segment would be rebuilt for ever.
    if (result_->Satisfies(i, indexes_[i])) continue;
    return Status::Internal(result_->path() + ": the index of field " + std::to_string(i) +
                            " is not what was asked for");
  }
  return EnsurePayloadIndexes(shard_, *result_, shard_.schema()->indexes, cancel);
}

Status SegmentRebuild::Install() {
  SAGITTA_FAULT(seal_ ? "seal.before_install" : "rebuild.before_install");
  {
    base::MutexLock lock(shard_.apply_mu);
    SAGITTA_RETURN_IF_ERROR(InstallLocked());
  }
  SAGITTA_FAULT(seal_ ? "seal.after_install" : "rebuild.after_install");
  return Status::Ok();
}

Status SegmentRebuild::InstallLocked() {
  uint64_t upto = sealed_upto_;
  if (sources_.empty()) {
    // Rows in memory need the log: then the seal of those rows shortens it.
    for (const auto& segment : shard_.Segments()) {
      if (!segment->sealed() && !segment->degraded() && segment->rows() != 0) return Status::Ok();
    }
    upto = shard_.applied_seq();
  }
  if (result_ != nullptr) {
    TransferDeaths();
    const auto schema = shard_.schema();
    const auto indexes = result_->payload_indexes();
    for (const auto& [path, data] : *indexes) {
      const auto& wanted = schema->indexes;
      if (std::find(wanted.begin(), wanted.end(), data->definition()) == wanted.end()) {
        result_->DropPayloadIndex(path);
      }
    }
  }
  const Status replaced = shard_.Replace(sources_, result_, upto);
  // After an error of the device the manifest may or may not list the file: the next open looks.
  keep_file_ = replaced.ok() || !shard_.store().health().ok();
  return replaced;
}

void SegmentRebuild::TransferDeaths() {
  for (size_t s = 0; s < sources_.size(); ++s) {
    const base::AtomicBitset& now = sources_[s]->tombstones();
    for (size_t i = 0; i < now.word_count(); ++i) {
      uint64_t died = now.Word(i) & ~(dead_[s] == nullptr ? 0 : dead_[s]->words()[i]);
      for (; died != 0; died &= died - 1) {
        const auto row = static_cast<uint32_t>(i * 64 + std::countr_zero(died));
        const auto moved = result_->FindRow(sources_[s]->internal_id(row));
        if (moved.has_value()) result_->tombstones().Set(*moved);
      }
    }
  }
}

}  // namespace sagitta::engine
