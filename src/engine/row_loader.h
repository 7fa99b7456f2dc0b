// RowLoader: reads rows out of the store into mutable segments.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/shard_state.h"

namespace sagitta::engine {

class RowLoader {
 public:
  // Segments are cut at `seal_rows` rows, between two writes. Rows of versions up to `sealed_upto`
  // go into segments of their own, which are frozen as degraded.
  RowLoader(const ShardState& state, uint64_t sealed_upto);

  // Loads the rows of [first, last] that the store has. REQUIRES: ranges ascend.
  Status Load(uint64_t first, uint64_t last);
  // Freezes what is being filled; FinishDegraded only if it is degraded.
  void Finish();
  void FinishDegraded() {
    if (filling_degraded_) Finish();
  }
  // Those filled since the last call; the last one is not frozen unless Finish() was called.
  std::vector<std::shared_ptr<MutableSegment>> Take() { return std::move(segments_); }
  uint64_t degraded_rows() const { return degraded_rows_; }

 private:
  struct Row {
    uint64_t internal_id = 0;
    store::RevEntry rev;
    std::vector<store::StoredVector> vectors;
    std::string payload;
  };

  Status LoadBlock(std::vector<Row>& block);
  void Append(const Row& row);

  const ShardState& state_;
  const uint64_t sealed_upto_;
  const uint32_t seal_rows_;
  const bool read_payloads_;
  uint64_t last_version_ = 0;
  uint64_t degraded_rows_ = 0;
  bool filling_degraded_ = false;
  std::shared_ptr<MutableSegment> filling_;
  std::vector<std::shared_ptr<MutableSegment>> segments_;
};

}  // namespace sagitta::engine
