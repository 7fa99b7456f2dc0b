#include "engine/shard_state.h"

#include <algorithm>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/tombstones.h"

namespace sagitta::engine {
namespace {

// Room above seal_rows, so that a group of writes never has to be split over two segments.
constexpr size_t kGroupRoom = 65'536;
// A segment holds no more vectors in memory than this, however few rows that is: the address space
// of its arrays is taken at once.
constexpr uint64_t kMostVectorBytes = uint64_t{16} << 30;

using SegmentList = std::vector<std::shared_ptr<Segment>>;

bool Contains(std::span<const std::shared_ptr<Segment>> list, const Segment* wanted) {
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& segment) { return segment.get() == wanted; });
}

bool IsDegraded(const std::shared_ptr<Segment>& segment) { return segment->degraded(); }

}  // namespace

ShardState::ShardState(std::string path, uint32_t number, EngineContext context,
                       std::shared_ptr<const LiveSchema> schema,
                       std::shared_ptr<store::ShardStore> store)
    : path_(std::move(path)),
      number_(number),
      context_(std::move(context)),
      schema_(std::move(schema)),
      layouts_(LayoutsOf(*schema_->Get())),
      store_(std::move(store)),
      models_(layouts_.size(), [this](uint16_t field) { return StoredModel(field); }) {}

ShardState::~ShardState() = default;

ShardView ShardState::View() const {
  ShardView view;
  view.store = store_;
  view.now_ms = NowMs();
  base::ReaderLock lock(publish_mu_);
  view.at = at_;
  view.segments.reserve(segments_.size());
  for (const auto& segment : segments_) {
    const uint32_t rows = segment->rows();
    if (rows == 0) continue;
    view.segments.push_back({segment, rows, segment->DeadRows(), segment->payload_indexes()});
    view.live_rows += rows - std::min<size_t>(rows, segment->tombstones().Count());
  }
  return view;
}

std::vector<std::shared_ptr<Segment>> ShardState::Segments() const {
  base::ReaderLock lock(publish_mu_);
  return segments_;
}

uint64_t ShardState::Points() const {
  base::ReaderLock lock(publish_mu_);
  uint64_t points = 0;
  for (const auto& segment : segments_) points += segment->rows() - segment->tombstones().Count();
  return points;
}

uint32_t ShardState::seal_rows() const {
  uint64_t row_bytes = 1;
  for (const FieldLayout& layout : layouts_) row_bytes += layout.row_bytes();
  const uint64_t most = std::max<uint64_t>(64, kMostVectorBytes / row_bytes);
  return static_cast<uint32_t>(
      std::min<uint64_t>(WithDefaults(schema()->compaction).seal_rows, most));
}

// Those that will be searched longest come first: the newest.
Result<bool> ShardState::Link(const index::BuildContext& context,
                              SegmentGraphs::Clock::time_point searched_since) {
  const auto segments = Segments();
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    if ((*it)->sealed()) continue;
    auto& segment = static_cast<MutableSegment&>(**it);
    SAGITTA_ASSIGN_OR_RETURN(const bool more, segment.Link(context, searched_since, &models_));
    if (more) return true;
  }
  return false;
}

GraphModels::Model ShardState::StoredModel(uint16_t field) const {
  const auto segments = Segments();
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    auto model = (*it)->MakeGraphModel(field);
    if (model == nullptr) continue;
    // What few rows need is too little for many.
    if ((*it)->rows() < seal_rows() / 2) model->usual_width = 0;
    return model;
  }
  return nullptr;
}

size_t ShardState::FrozenCount() const {
  base::ReaderLock lock(publish_mu_);
  size_t unsealed = 0;
  for (const auto& segment : segments_) unsealed += segment->sealed() ? 0 : 1;
  return unsealed == 0 ? 0 : unsealed - 1;  // the last one grows
}

ShardState::RowRef ShardState::FindRow(uint64_t internal_id) const {
  for (auto it = segments_.rbegin(); it != segments_.rend(); ++it) {
    const uint32_t rows = (*it)->rows();
    if (rows == 0 || internal_id < (*it)->internal_id(0)) continue;
    const auto row = (*it)->FindRow(internal_id);
    return row.has_value() ? RowRef{it->get(), *row} : RowRef{nullptr, 0};
  }
  return {nullptr, 0};
}

void ShardState::Publish(std::span<const uint64_t> dead, uint64_t applied_seq, uint64_t ops) {
  // What can be found before readers are held back is; the rest is among the rows just appended.
  std::vector<RowRef> rows;
  std::vector<uint64_t> among_new;
  {
    base::ReaderLock lock(publish_mu_);
    for (const uint64_t id : dead) {
      const RowRef ref = FindRow(id);
      if (ref.segment != nullptr) {
        rows.push_back(ref);
      } else {
        among_new.push_back(id);
      }
    }
  }
  std::shared_ptr<const store::StoreSnapshot> at = store_->Snapshot();
  {
    base::WriterLock lock(publish_mu_);
    growing_->Publish();
    for (const uint64_t id : among_new) {
      if (const auto row = growing_->FindRow(id)) rows.push_back({growing_.get(), *row});
    }
    for (const RowRef& ref : rows) ref.segment->tombstones().Set(ref.row);
    at_.swap(at);
  }
  applied_seq_.store(applied_seq, std::memory_order_release);
  total_ops_.fetch_add(ops);
  last_write_ms_.store(NowMs(), std::memory_order_relaxed);
}

void ShardState::Rotate() {
  if (growing_->rows() == 0) return;
  growing_->Freeze(applied_seq(), false);
  log_marks_.push_back({applied_seq(), total_ops_.load()});
  auto next = NewMutable(0);
  base::WriterLock lock(publish_mu_);
  segments_.push_back(next);
  growing_ = std::move(next);
}

store::Manifest ShardState::NextManifest(std::span<const std::shared_ptr<Segment>> segments,
                                         uint64_t sealed_upto) const {
  store::Manifest manifest;
  manifest.generation = generation_ + 1;
  manifest.sealed_upto = sealed_upto;
  for (const auto& segment : segments) {
    if (!segment->sealed()) continue;
    manifest.segments.push_back(
        {segment->id(), segment->rows(), EncodeTombstones(segment->tombstones())});
  }
  if (std::any_of(segments.begin(), segments.end(), IsDegraded)) {
    manifest.segments.insert(manifest.segments.end(), damaged_.begin(), damaged_.end());
  }
  return manifest;
}

void ShardState::ForgetLog(uint64_t sealed_upto) {
  uint64_t sealed_ops = sealed_ops_.load();
  while (!log_marks_.empty() && log_marks_.front().seq <= sealed_upto) {
    sealed_ops = std::max(sealed_ops, log_marks_.front().total_ops);
    log_marks_.pop_front();
  }
  if (sealed_upto >= applied_seq()) sealed_ops = total_ops_.load();
  sealed_ops_.store(sealed_ops);
  sealed_upto_.store(sealed_upto, std::memory_order_release);
}

Status ShardState::Replace(std::span<const std::shared_ptr<Segment>> sources,
                           std::shared_ptr<SealedSegment> replacement, uint64_t sealed_upto) {
  SegmentList next;
  size_t found = 0;
  for (const auto& segment : Segments()) {
    if (!Contains(sources, segment.get())) {
      next.push_back(segment);
    } else if (found++ == 0 && replacement != nullptr) {
      next.push_back(replacement);
    }
  }
  if (found != sources.size()) {
    return Status::FailedPrecondition("a segment to be replaced has gone already");
  }
  const uint64_t upto = std::max(sealed_upto, this->sealed_upto());
  const store::Manifest manifest = NextManifest(next, upto);
  SAGITTA_FAULT("manifest.before_commit");
  SAGITTA_RETURN_IF_ERROR(store_->CommitManifest(manifest));
  generation_ = manifest.generation;
  const bool repaired = !std::any_of(next.begin(), next.end(), IsDegraded);
  SetList(std::move(next));
  ForgetLog(upto);
  for (const auto& source : sources) {
    if (auto* sealed = dynamic_cast<SealedSegment*>(source.get())) sealed->RemoveFileWhenUnused();
  }
  if (repaired) {
    for (const store::ManifestSegment& damaged : damaged_) {
      const Status removed = base::RemoveFile(SegmentPath(damaged.uuid));
      if (!removed.ok()) base::LogWarn("cannot remove a damaged segment: {}", removed.ToString());
    }
    damaged_.clear();
  }
  return Status::Ok();
}

void ShardState::SetList(SegmentList list) {
  base::WriterLock lock(publish_mu_);
  segments_.swap(list);
}

void ShardState::SetContents(Contents contents) {
  generation_ = contents.generation;
  damaged_ = std::move(contents.damaged);
  applied_seq_.store(contents.applied_seq);
  sealed_upto_.store(contents.sealed_upto);
  total_ops_.store(contents.log_ops);
  sealed_ops_.store(0);
  last_write_ms_.store(NowMs());
  for (const auto& segment : contents.segments) {
    const auto* frozen = dynamic_cast<const MutableSegment*>(segment.get());
    // How many operations each covers is not known: those of its rows, at least.
    if (frozen != nullptr && !frozen->degraded()) log_marks_.push_back({frozen->last_seq(), 0});
  }
  contents.segments.push_back(contents.growing);
  auto at = store_->Snapshot();
  base::WriterLock lock(publish_mu_);
  segments_ = std::move(contents.segments);
  growing_ = std::move(contents.growing);
  at_ = std::move(at);
}

void ShardState::Degrade(const std::shared_ptr<SealedSegment>& damaged, SegmentList degraded) {
  SegmentList next;
  for (const auto& segment : Segments()) {
    if (segment != damaged) {
      next.push_back(segment);
    } else {
      next.insert(next.end(), degraded.begin(), degraded.end());
    }
  }
  damaged_.push_back({damaged->id(), damaged->rows(), EncodeTombstones(damaged->tombstones())});
  SetList(std::move(next));
}

std::shared_ptr<MutableSegment> ShardState::NewMutable(size_t capacity) const {
  const auto schema = schema_->Get();
  if (capacity == 0) capacity = seal_rows() + kGroupRoom;
  std::vector<IndexParams> indexes;
  for (const VectorField& field : schema->fields) indexes.push_back(field.index);
  auto segment =
      std::make_shared<MutableSegment>("mutable-" + std::to_string(next_mutable_.fetch_add(1)),
                                       layouts_, capacity, context_.memory, std::move(indexes));
  for (const PayloadIndex& index : schema->indexes) {
    segment->SetPayloadIndex(index.path, filter::PayloadIndexData::Create(index));
  }
  return segment;
}

}  // namespace sagitta::engine
