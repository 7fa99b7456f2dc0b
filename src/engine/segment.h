// Segment: a searchable set of rows of a shard. Rows never change and never move; they can only die
// (tombstone). Internal ids ascend with the row number.
//
// Thread-safety: any number of readers. Tombstones and payload indexes are changed only by the
// thread that holds the shard's publish lock; readers that need a consistent view go through
// ShardView.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitset.h"
#include "base/mutex.h"
#include "engine/field_layout.h"
#include "engine/filter_cache.h"
#include "filter/payload_index.h"
#include "index/many_scan.h"
#include "index/vector_index.h"
#include "sagitta/admin.h"

namespace sagitta::index {
class GrowingGraph;
}

namespace sagitta::engine {

using PayloadIndexMap =
    std::map<std::string, std::shared_ptr<filter::PayloadIndexData>, std::less<>>;

class Segment {
 public:
  Segment(std::string id, size_t capacity)
      : id_(std::move(id)), tombstones_(capacity), filter_cache_(capacity) {}
  virtual ~Segment() = default;
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& id() const { return id_; }
  virtual bool sealed() const = 0;
  // Holds the rows of a sealed segment whose file is damaged, until they have been sealed again.
  virtual bool degraded() const { return false; }
  virtual uint32_t rows() const = 0;  // published; grows in a mutable segment

  // REQUIRES (all of these): row < rows().
  virtual uint64_t internal_id(uint32_t row) const = 0;
  virtual uint64_t version(uint32_t row) const = 0;
  virtual std::string_view ext_key(uint32_t row) const = 0;
  virtual int64_t expires_at_ms(uint32_t row) const = 0;
  // Null when the row lacks the field.
  virtual const std::byte* vector(uint16_t field, uint32_t row) const = 0;

  // That vector is about to be read: where it lies on disk, it is asked for.
  virtual void WillNeedVector(uint16_t /*field*/, uint32_t /*row*/) const {}

  // Clears the bits of rows < `rows` that have expired at `now_ms`, and looks at no others. True
  // when any had.
  virtual bool MaskExpired(int64_t now_ms, uint32_t rows, base::Bitset* live) const = 0;
  virtual bool may_expire() const = 0;
  // The earliest expiry of a row, the greatest number when none has one: before it MaskExpired
  // finds nothing.
  virtual int64_t first_expiry_ms() const = 0;
  // Clears the bits of rows < `rows` that lack the field. No-op for a field that every row has.
  virtual bool MaskAbsent(uint16_t field, uint32_t rows, base::Bitset* live) const = 0;
  virtual bool HasAbsent(uint16_t field) const = 0;

  // The k best of rows < `rows`; Candidate::position is the segment row. query.filter.allowed is by
  // row.
  virtual Status Search(uint16_t field, uint32_t rows, const index::IndexQuery& query,
                        std::vector<index::Candidate>* out, uint64_t* distances) const = 0;
  // The same for several queries that share the cancel token.
  virtual Status SearchMany(uint16_t field, uint32_t rows,
                            std::span<index::ManyQuery> queries) const;
  // The same by one exact scan. `distances` is increased by those of each.
  virtual Status ScanMany(uint16_t field, uint32_t rows, std::span<index::ManyQuery> queries,
                          uint64_t* distances) const = 0;
  // Of the elements that vector() gives.
  virtual Dtype row_dtype(uint16_t field) const = 0;
  // The kind of a sealed segment's index, the flat one for a mutable segment.
  virtual IndexKind index_kind(uint16_t field) const = 0;
  // Whether a view of `rows` rows, of a shard with `shard_rows` live ones, is answered exactly.
  virtual bool Exact(uint16_t field, uint32_t /*rows*/, uint64_t /*shard_rows*/) const {
    return IsFlat(index_kind(field));
  }
  // What has grown over the rows of a mutable segment; null without.
  virtual const index::GrowingGraph* graph(uint16_t /*field*/) const { return nullptr; }
  // What the codes of a sealed segment's graph are codes of; null without.
  virtual std::shared_ptr<index::GraphModel> MakeGraphModel(uint16_t /*field*/) const {
    return nullptr;
  }
  // Whether a rebuild would give another index under `wanted`.
  virtual bool Satisfies(uint16_t field, const IndexParams& wanted) const = 0;

  virtual SegmentStats Stats() const = 0;

  std::optional<uint32_t> FindRow(uint64_t internal_id) const;

  base::AtomicBitset& tombstones() { return tombstones_; }
  const base::AtomicBitset& tombstones() const { return tombstones_; }
  // A copy of the tombstones, shared by readers until the next row dies. Null when no row is dead.
  // REQUIRES: the publish lock is held, shared or not.
  std::shared_ptr<const base::Bitset> DeadRows() const;
  // Rows [0, rows) that are not in `dead`, and their number; kept for the readers that follow, as
  // that copy is. REQUIRES: `dead` is what DeadRows() gave, not null.
  struct AliveRows {
    std::shared_ptr<const base::Bitset> rows;
    size_t count = 0;
  };
  AliveRows Alive(const std::shared_ptr<const base::Bitset>& dead, uint32_t rows) const;

  std::shared_ptr<const PayloadIndexMap> payload_indexes() const;
  void SetPayloadIndex(const std::string& path, std::shared_ptr<filter::PayloadIndexData> data);
  void DropPayloadIndex(std::string_view path);
  size_t PayloadIndexBytes() const;
  // REQUIRES: sealed().
  FilterCache& filter_cache() const { return filter_cache_; }

 private:
  const std::string id_;
  base::AtomicBitset tombstones_;
  mutable FilterCache filter_cache_;
  mutable base::Mutex mu_;
  mutable std::shared_ptr<const base::Bitset> dead_copy_ GUARDED_BY(mu_);
  mutable size_t dead_copy_count_ GUARDED_BY(mu_) = 0;
  mutable AliveRows alive_ GUARDED_BY(mu_);
  mutable std::shared_ptr<const base::Bitset> alive_without_ GUARDED_BY(mu_);  // what alive_ lacks
  std::shared_ptr<const PayloadIndexMap> payload_indexes_ GUARDED_BY(mu_) =
      std::make_shared<PayloadIndexMap>();
};

}  // namespace sagitta::engine
