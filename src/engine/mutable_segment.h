// MutableSegment: the growing piece of a shard, searched by exact scan. Rows are appended by the
// shard's one writer, then published all at once; readers see only published rows. Frozen when
// full: it then stays as it is until it has been sealed.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "engine/expiry_order.h"
#include "engine/segment.h"
#include "store/shard_store.h"

namespace sagitta::engine {

class MutableSegment final : public Segment {
 public:
  // Memory is taken by chunks, as rows come, and counted in `budget`, which outlives the segment.
  MutableSegment(std::string id, std::vector<FieldLayout> layouts, size_t capacity,
                 base::MemoryBudget* budget);
  ~MutableSegment() override;

  // Writer only. Invisible until Publish(). REQUIRES: room() > 0, internal ids ascend.
  void Append(uint64_t internal_id, uint64_t version, int64_t expires_at_ms,
              std::string_view ext_key, std::span<const store::StoredVector> vectors);
  // Adds the payload of the last appended row to the payload indexes.
  void IndexPayload(std::string_view payload);
  void Publish() { rows_.store(appended_, std::memory_order_release); }
  size_t room() const { return capacity_ - appended_; }

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
  bool HasAbsent(uint16_t field) const override {
    return absent_[field].load(std::memory_order_relaxed) != 0;
  }
  Status Search(uint16_t field, uint32_t rows, const index::IndexQuery& query,
                std::vector<index::Candidate>* out, uint64_t* distances) const override;
  Status ScanMany(uint16_t field, uint32_t rows, std::span<index::ManyQuery> queries,
                  uint64_t* distances) const override;
  IndexKind index_kind(uint16_t) const override { return IndexKind::kFlat; }
  bool Satisfies(uint16_t, const IndexParams&) const override { return true; }
  SegmentStats Stats() const override;

 private:
  struct Field {
    std::unique_ptr<std::byte[]> rows;
    std::unique_ptr<uint8_t[]> present;
  };
  struct Chunk {
    std::unique_ptr<uint64_t[]> internal_ids;
    std::unique_ptr<uint64_t[]> versions;
    std::unique_ptr<int64_t[]> expires;
    std::unique_ptr<std::string[]> ext_keys;
    std::vector<Field> fields;
  };
  const Chunk& At(uint32_t row) const { return *chunks_[row >> chunk_shift_]; }
  uint32_t Slot(uint32_t row) const { return row & ((1u << chunk_shift_) - 1); }
  void AddChunk();
  // Rows begin … begin + n of a chunk; `begin` is its first.
  index::VectorRows ChunkRows(uint16_t field, uint32_t begin, uint32_t n) const;

  const std::vector<FieldLayout> layouts_;
  const size_t capacity_;
  base::MemoryBudget* const budget_;
  uint32_t chunk_shift_;  // rows of a chunk, as a power of two ≥ 64
  uint64_t chunk_bytes_;
  std::vector<std::unique_ptr<Chunk>>
      chunks_;  // sized for capacity at once, so that it never moves
  std::atomic<uint32_t> chunk_count_{0};
  uint32_t appended_ = 0;  // writer only
  std::atomic<uint32_t> rows_{0};
  std::vector<std::atomic<uint32_t>> absent_;  // rows that lack the field
  ExpiryOrder expiries_;
  std::atomic<bool> frozen_{false};
  std::atomic<bool> degraded_{false};
  uint64_t last_seq_ = 0;
};

}  // namespace sagitta::engine
