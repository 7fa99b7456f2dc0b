#include "engine/mutable_segment.h"

#include <algorithm>

#include "base/names.h"

namespace sagitta::engine {
namespace {

// A chunk holds about this many bytes of vectors: small collections stay small, scans still get
// long runs.
constexpr size_t kChunkBytes = 1 << 20;
constexpr uint32_t kMinChunkShift = 6;  // 64 rows, one word of a bitset
constexpr uint32_t kMaxChunkShift = 12;

std::vector<base::GrowingBytes> MakeVectors(const std::vector<FieldLayout>& layouts,
                                            size_t capacity) {
  std::vector<base::GrowingBytes> vectors;
  for (const FieldLayout& layout : layouts) vectors.emplace_back(capacity * layout.row_bytes());
  return vectors;
}

}  // namespace

MutableSegment::MutableSegment(std::string id, std::vector<FieldLayout> layouts, size_t capacity,
                               base::MemoryBudget* budget, std::vector<IndexParams> indexes)
    : Segment(std::move(id), capacity),
      layouts_(std::move(layouts)),
      capacity_(capacity),
      budget_(budget),
      vectors_(MakeVectors(layouts_, capacity)),
      absent_(layouts_.size()),
      graphs_(AllRows(), std::move(indexes), capacity, budget) {
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
  const size_t count = chunk_count_.load(std::memory_order_relaxed);
  const size_t upto = std::min((count + 1) * rows, capacity_);
  for (size_t i = 0; i < layouts_.size(); ++i) {
    chunk->present.push_back(std::make_unique<uint8_t[]>(rows));
    vectors_[i].Grow(upto * layouts_[i].row_bytes());
  }
  budget_->ForceReserve(chunk_bytes_);
  chunks_[count] = std::move(chunk);
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
    WriteRow(layouts_[vector.field], vector.value, VectorAt(vector.field, appended_));
    chunk.present[vector.field][slot] = 1;
  }
  // The vectors of rows that lack a field are zeros, as memory comes.
  for (size_t i = 0; i < layouts_.size(); ++i) {
    if (chunk.present[i][slot] == 0) absent_[i].fetch_add(1, std::memory_order_relaxed);
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
  return At(row).present[field][Slot(row)] != 0 ? VectorAt(field, row) : nullptr;
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
    if (At(row).present[field][Slot(row)] == 0) live->Clear(row);
  }
  return true;
}

index::VectorRows MutableSegment::Rows(uint16_t field, uint32_t n) const {
  const FieldLayout& layout = layouts_[field];
  return {.data = vectors_[field].data(),
          .n = n,
          .dim = layout.dim,
          .dtype = layout.row,
          .metric = layout.metric};
}

std::vector<index::VectorRows> MutableSegment::AllRows() const {
  std::vector<index::VectorRows> all;
  for (uint16_t i = 0; i < layouts_.size(); ++i) all.push_back(Rows(i, 0));
  return all;
}

Status MutableSegment::Search(uint16_t field, uint32_t rows, const index::IndexQuery& query,
                              std::vector<index::Candidate>* out, uint64_t* distances) const {
  const index::GrowingGraph* grown = graph(field);
  if (!query.params.exact && grown != nullptr) {
    graphs_.NoteSearch(field);
    if (grown->started()) return grown->Search(rows, query, out, distances);
  }
  out->clear();
  return index::ScanExact(Rows(field, rows), 0, rows, query, out, distances);
}

Status MutableSegment::ScanMany(uint16_t field, uint32_t rows, std::span<index::ManyQuery> queries,
                                uint64_t* distances) const {
  index::ManyScan scan(queries);
  SAGITTA_RETURN_IF_ERROR(scan.Add(Rows(field, rows), {.first = 0, .positions = {}}, distances));
  scan.Finish();
  return Status::Ok();
}

SegmentStats MutableSegment::Stats() const {
  SegmentStats stats;
  stats.id = id();
  stats.state = degraded_.load() ? "degraded" : frozen() ? "frozen" : "mutable";
  for (uint16_t i = 0; i < layouts_.size(); ++i) {
    const index::GrowingGraph* grown = graph(i);
    const bool graph = grown != nullptr && grown->started();
    stats.indexes.emplace_back(base::IndexKindName(graph ? IndexKind::kGraph : index_kind(i)));
    stats.dtypes.emplace_back(base::DtypeName(layouts_[i].row));
  }
  stats.rows_linked = graphs_.rows_linked();
  stats.rows = rows();
  stats.deleted = tombstones().Count();
  uint64_t vectors = 0;
  for (const FieldLayout& layout : layouts_) vectors += layout.row_bytes() << chunk_shift_;
  const index::IndexBytes graphs = graphs_.Bytes();
  stats.space.memory_codes = graphs.memory_codes;
  stats.space.memory_links = graphs.memory_links;
  stats.space.memory_vectors = vectors * chunk_count_.load();
  stats.space.memory_ids = chunk_bytes_ * chunk_count_.load() - stats.space.memory_vectors +
                           tombstones().word_count() * sizeof(uint64_t);
  stats.space.memory_payload_index = PayloadIndexBytes();
  return stats;
}

}  // namespace sagitta::engine
