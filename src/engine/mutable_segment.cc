#include "engine/mutable_segment.h"

#include <algorithm>
#include <cstring>

namespace sagitta::engine {
namespace {

// A chunk holds about this many bytes of vectors: small collections stay small, scans still get
// long runs.
constexpr size_t kChunkBytes = 1 << 20;
constexpr uint32_t kMinChunkShift = 6;  // 64 rows, one word of a bitset
constexpr uint32_t kMaxChunkShift = 12;

// Merges what is found, both best first, and keeps the k best.
void MergeBest(uint32_t k, std::span<const index::Candidate> found,
               std::vector<index::Candidate>* out) {
  const auto middle = static_cast<ptrdiff_t>(out->size());
  out->insert(out->end(), found.begin(), found.end());
  std::inplace_merge(out->begin(), out->begin() + middle, out->end());
  if (out->size() > k) out->resize(k);
}

}  // namespace

MutableSegment::MutableSegment(std::string id, std::vector<FieldLayout> layouts, size_t capacity,
                               base::MemoryBudget* budget)
    : Segment(std::move(id), capacity),
      layouts_(std::move(layouts)),
      capacity_(capacity),
      budget_(budget),
      absent_(layouts_.size()) {
  size_t row_bytes = 0;
  for (const FieldLayout& layout : layouts_) row_bytes += layout.row_bytes();
  chunk_shift_ = kMinChunkShift;
  while (chunk_shift_ < kMaxChunkShift && (row_bytes << (chunk_shift_ + 1)) <= kChunkBytes) {
    ++chunk_shift_;
  }
  chunk_bytes_ = (row_bytes + layouts_.size() + 3 * sizeof(uint64_t) + sizeof(std::string))
                 << chunk_shift_;
  chunks_.resize((capacity_ >> chunk_shift_) + 1);
}

MutableSegment::~MutableSegment() { budget_->Release(chunk_count_.load() * chunk_bytes_); }

void MutableSegment::AddChunk() {
  const size_t rows = size_t{1} << chunk_shift_;
  auto chunk = std::make_unique<Chunk>();
  chunk->internal_ids = std::make_unique_for_overwrite<uint64_t[]>(rows);
  chunk->versions = std::make_unique_for_overwrite<uint64_t[]>(rows);
  chunk->expires = std::make_unique_for_overwrite<int64_t[]>(rows);
  chunk->ext_keys = std::make_unique<std::string[]>(rows);
  for (const FieldLayout& layout : layouts_) {
    chunk->fields.push_back({std::make_unique_for_overwrite<std::byte[]>(layout.row_bytes() * rows),
                             std::make_unique<uint8_t[]>(rows)});
  }
  budget_->ForceReserve(chunk_bytes_);
  chunks_[chunk_count_.load(std::memory_order_relaxed)] = std::move(chunk);
  chunk_count_.fetch_add(1, std::memory_order_release);
}

void MutableSegment::Append(uint64_t internal_id, uint64_t version, int64_t expires_at_ms,
                            std::string_view ext_key,
                            std::span<const store::StoredVector> vectors) {
  if ((appended_ >> chunk_shift_) >= chunk_count_.load(std::memory_order_relaxed)) AddChunk();
  Chunk& chunk = *chunks_[appended_ >> chunk_shift_];
  const uint32_t slot = Slot(appended_);
  chunk.internal_ids[slot] = internal_id;
  chunk.versions[slot] = version;
  chunk.expires[slot] = expires_at_ms;
  if (expires_at_ms != 0) expiries_.Add(appended_, expires_at_ms);
  chunk.ext_keys[slot].assign(ext_key);
  for (const store::StoredVector& vector : vectors) {
    Field& field = chunk.fields[vector.field];
    const FieldLayout& layout = layouts_[vector.field];
    WriteRow(layout, vector.value, field.rows.get() + slot * layout.row_bytes());
    field.present[slot] = 1;
  }
  for (size_t i = 0; i < layouts_.size(); ++i) {
    if (chunk.fields[i].present[slot] != 0) continue;
    absent_[i].fetch_add(1, std::memory_order_relaxed);
    std::memset(chunk.fields[i].rows.get() + slot * layouts_[i].row_bytes(), 0,
                layouts_[i].row_bytes());
  }
  ++appended_;
}

void MutableSegment::IndexPayload(std::string_view payload) {
  const auto indexes = payload_indexes();
  for (const auto& [path, data] : *indexes) data->Add(appended_ - 1, payload);
}

void MutableSegment::Freeze(uint64_t last_seq, bool degraded) {
  last_seq_ = last_seq;
  degraded_.store(degraded);
  frozen_.store(true, std::memory_order_release);
}

const std::byte* MutableSegment::vector(uint16_t field, uint32_t row) const {
  const Field& data = At(row).fields[field];
  const uint32_t slot = Slot(row);
  return data.present[slot] != 0 ? data.rows.get() + slot * layouts_[field].row_bytes() : nullptr;
}

bool MutableSegment::MaskExpired(int64_t now_ms, uint32_t rows, base::Bitset* live) const {
  bool any = false;
  expiries_.VisitExpired(now_ms, [&](uint32_t row) {
    if (row >= rows) return;
    live->Clear(row);
    any = true;
  });
  return any;
}

bool MutableSegment::MaskAbsent(uint16_t field, uint32_t rows, base::Bitset* live) const {
  if (!HasAbsent(field)) return false;
  for (uint32_t row = 0; row < rows; ++row) {
    if (At(row).fields[field].present[Slot(row)] == 0) live->Clear(row);
  }
  return true;
}

index::VectorRows MutableSegment::ChunkRows(uint16_t field, uint32_t begin, uint32_t n) const {
  const FieldLayout& layout = layouts_[field];
  return {.data = chunks_[begin >> chunk_shift_]->fields[field].rows.get(),
          .n = n,
          .dim = layout.dim,
          .dtype = layout.row,
          .metric = layout.metric};
}

Status MutableSegment::Search(uint16_t field, uint32_t rows, const index::IndexQuery& query,
                              std::vector<index::Candidate>* out, uint64_t* distances) const {
  out->clear();
  const uint32_t chunk_rows = 1u << chunk_shift_;
  std::vector<index::Candidate> found;
  for (uint32_t begin = 0; begin < rows; begin += chunk_rows) {
    const uint32_t n = std::min(chunk_rows, rows - begin);
    const index::VectorRows view = ChunkRows(field, begin, n);
    index::IndexQuery local = query;
    // Nothing beyond the k best so far can still be among them.
    if (query.k > 0 && out->size() == query.k) {
      local.key_limit = std::min(query.key_limit, out->back().key);
    }
    if (query.filter.allowed != nullptr) {
      local.filter.allowed = query.filter.allowed + begin / 64;
      local.filter.allowed_count = std::min<size_t>(query.filter.allowed_count, n);
    }
    found.clear();
    SAGITTA_RETURN_IF_ERROR(index::ScanExact(view, 0, n, local, &found, distances));
    for (index::Candidate& c : found) c.position += begin;
    MergeBest(query.k, found, out);
  }
  return Status::Ok();
}

Status MutableSegment::ScanMany(uint16_t field, uint32_t rows, std::span<index::ManyQuery> queries,
                                uint64_t* distances) const {
  const uint32_t chunk_rows = 1u << chunk_shift_;
  index::ManyScan scan(queries);
  for (uint32_t begin = 0; begin < rows; begin += chunk_rows) {
    const uint32_t n = std::min(chunk_rows, rows - begin);
    SAGITTA_RETURN_IF_ERROR(
        scan.Add(ChunkRows(field, begin, n), {.first = begin, .positions = {}}, distances));
  }
  scan.Finish();
  return Status::Ok();
}

SegmentStats MutableSegment::Stats() const {
  SegmentStats stats;
  stats.id = id();
  stats.state = degraded_.load() ? "degraded" : frozen() ? "frozen" : "mutable";
  stats.indexes.assign(layouts_.size(), "FLAT");
  stats.rows = rows();
  stats.deleted = tombstones().Count();
  uint64_t vectors = 0;
  for (const FieldLayout& layout : layouts_) vectors += layout.row_bytes() << chunk_shift_;
  stats.space.memory_vectors = vectors * chunk_count_.load();
  stats.space.memory_ids = chunk_bytes_ * chunk_count_.load() - stats.space.memory_vectors +
                           tombstones().word_count() * sizeof(uint64_t);
  stats.space.memory_payload_index = PayloadIndexBytes();
  return stats;
}

}  // namespace sagitta::engine
