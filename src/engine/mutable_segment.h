// MutableSegment: the growing piece of a shard. Rows are appended by the shard's one writer, then
// published all at once; readers see only published rows. Frozen when full: it then stays as it is
// until it has been sealed.
//
// It is searched by exact scan, or where the schema asks for an approximate index, over graphs that
// somebody links behind the writer: see Link(). What is not linked yet is scanned all the same, so
// that a row is found from its publication on.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/growing_bytes.h"
#include "base/memory_budget.h"
#include "engine/expiry_order.h"
#include "engine/segment.h"
#include "engine/segment_graphs.h"
#include "store/shard_store.h"

namespace sagitta::engine {

class MutableSegment final : public Segment {
 public:
  // Memory is taken by chunks, as rows come, and counted in `budget`, which outlives the segment.
  // `indexes` are what the schema asks for, per field; without them all fields are searched
  // exactly.
  MutableSegment(std::string id, std::vector<FieldLayout> layouts, size_t capacity,
                 base::MemoryBudget* budget, std::vector<IndexParams> indexes = {});
  ~MutableSegment() override;

  // Writer only. Invisible until Publish(). REQUIRES: room() > 0, internal ids ascend.
  void Append(uint64_t internal_id, uint64_t version, int64_t expires_at_ms,
              std::string_view ext_key, std::span<const store::StoredVector> vectors);
  // Adds the payload of the last appended row to the payload indexes.
  void IndexPayload(std::string_view payload);
  void Publish() { rows_.store(appended_, std::memory_order_release); }
  size_t room() const { return capacity_ - appended_; }

  // Works on the graphs for a moment: SegmentGraphs::Link. By one thread at a time, beside the
  // writer and readers.
  Result<bool> Link(const index::BuildContext& context,
                    SegmentGraphs::Clock::time_point searched_since, GraphModels* models) {
    return graphs_.Link(*this, context, searched_since, models);
  }

  // No Append from now on; `last_seq` covers every row.
  void Freeze(uint64_t last_seq, bool degraded);
  bool frozen() const { return frozen_.load(std::memory_order_acquire); }
  uint64_t last_seq() const { return last_seq_; }

  bool sealed() const override { return false; }
  bool degraded() const override { return degraded_.load(std::memory_order_acquire); }
  uint32_t rows() const override { return rows_.load(std::memory_order_acquire); }
  uint64_t internal_id(uint32_t row) const override { return At(row).internal_ids[Slot(row)]; }
  uint64_t version(uint32_t row) const override { return At(row).versions[Slot(row)]; }
  std::string_view ext_key(uint32_t row) const override { return At(row).ext_keys[Slot(row)]; }
  int64_t expires_at_ms(uint32_t row) const override { return At(row).expires[Slot(row)]; }
  const std::byte* vector(uint16_t field, uint32_t row) const override;
  bool MaskExpired(int64_t now_ms, uint32_t rows, base::Bitset* live) const override;
  bool may_expire() const override { return expiries_.first_ms() != ExpiryOrder::kNever; }
  int64_t first_expiry_ms() const override { return expiries_.first_ms(); }
  bool MaskAbsent(uint16_t field, uint32_t rows, base::Bitset* live) const override;
  bool HasAbsent(uint16_t field) const override { return absent(field) != 0; }
  uint32_t absent(uint16_t field) const { return absent_[field].load(std::memory_order_relaxed); }
  const index::GrowingGraph* graph(uint16_t field) const override { return graphs_.graph(field); }
  bool Exact(uint16_t field, uint32_t rows, uint64_t shard_rows) const override {
    return graphs_.Exact(field, rows, shard_rows);
  }
  Status Search(uint16_t field, uint32_t rows, const index::IndexQuery& query,
                std::vector<index::Candidate>* out, uint64_t* distances) const override;
  Status ScanMany(uint16_t field, uint32_t rows, std::span<index::ManyQuery> queries,
                  uint64_t* distances) const override;
  Dtype row_dtype(uint16_t field) const override { return layouts_[field].row; }
  IndexKind index_kind(uint16_t field) const override { return FlatKind(layouts_[field].row); }
  bool Satisfies(uint16_t, const IndexParams&) const override { return true; }
  SegmentStats Stats() const override;

 private:
  struct Chunk {
    std::unique_ptr<uint64_t[]> internal_ids;
    std::unique_ptr<uint64_t[]> versions;
    std::unique_ptr<int64_t[]> expires;
    std::unique_ptr<std::string[]> ext_keys;
    std::vector<std::unique_ptr<uint8_t[]>> present;  // by field
  };
  const Chunk& At(uint32_t row) const { return *chunks_[row >> chunk_shift_]; }
  uint32_t Slot(uint32_t row) const { return row & ((1u << chunk_shift_) - 1); }
  void AddChunk();
  std::byte* VectorAt(uint16_t field, uint32_t row) const {
    return vectors_[field].data() + row * layouts_[field].row_bytes();
  }
  index::VectorRows Rows(uint16_t field, uint32_t n) const;
  std::vector<index::VectorRows> AllRows() const;

  const std::vector<FieldLayout> layouts_;
  const size_t capacity_;
  base::MemoryBudget* const budget_;
  uint32_t chunk_shift_;  // rows of a chunk, as a power of two ≥ 64
  uint64_t chunk_bytes_;  // with its share of the vectors
  std::vector<std::unique_ptr<Chunk>>
      chunks_;  // sized for capacity at once, so that it never moves
  std::atomic<uint32_t> chunk_count_{0};
  std::vector<base::GrowingBytes> vectors_;  // by field: rows one after the other, so that a scan
                                             // is one run and a graph needs no chunks
  uint32_t appended_ = 0;                    // writer only
  std::atomic<uint32_t> rows_{0};
  std::vector<std::atomic<uint32_t>> absent_;  // rows that lack the field
  ExpiryOrder expiries_;
  std::atomic<bool> frozen_{false};
  std::atomic<bool> degraded_{false};
  uint64_t last_seq_ = 0;
  SegmentGraphs graphs_;
};

}  // namespace sagitta::engine
