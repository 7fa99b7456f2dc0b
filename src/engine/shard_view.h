// ShardView: one moment of a shard: which rows there are, which of them are dead, and the store as
// it was then. Everything that reads works on views, so that a search, its filter and the payloads
// it returns agree. Thread-safe for reads; cheap to copy.
#pragma once

#include <memory>
#include <vector>

#include "engine/segment.h"
#include "store/shard_store.h"

namespace sagitta::engine {

struct SegmentView {
  std::shared_ptr<const Segment> segment;
  uint32_t rows = 0;                               // visible ones, from 0
  std::shared_ptr<const base::Bitset> dead;        // null when none is; at least `rows` bits
  std::shared_ptr<const PayloadIndexMap> indexes;  // never null

  bool IsDead(uint32_t row) const { return dead != nullptr && dead->Test(row); }
};

struct ShardView {
  // First, so that it goes last: the snapshot must be gone before the store is.
  std::shared_ptr<store::ShardStore> store;
  std::shared_ptr<const store::StoreSnapshot> at;
  std::vector<SegmentView> segments;  // by ascending internal ids
  int64_t now_ms = 0;                 // what has expired by then is not there
  uint64_t live_rows = 0;             // of all segments: those not dead
};

}  // namespace sagitta::engine
