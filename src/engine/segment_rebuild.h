// SegmentRebuild: one replacement of some segments of a shard by one new sealed segment, step by
// step, so that whoever runs it can show progress and stop between steps. Searches and writes go on
// during all of it; Install holds writes back for one synced write.
//
// For one thread at a time. Destroyed before Install has succeeded, it leaves nothing behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/segment_writer.h"
#include "engine/shard_state.h"
#include "index/vector_index.h"

namespace sagitta::engine {

class SegmentRebuild {
 public:
  // Seal: all frozen segments from the oldest on that fit into one (≥ 1). Indexes are left to a
  // rebuild, so that memory and replay stay short, but for graphs: what has grown over the rows
  // goes into the file, also in the place of an HNSW, and the rest is linked, roughly where that is
  // much; unless nobody searches, or many segments wait. Null when nothing is frozen. With nothing
  // frozen but a log of more than `checkpoint_ops` operations, an empty rebuild whose Install just
  // shortens the log.
  static Result<std::unique_ptr<SegmentRebuild>> PrepareSeal(ShardState& shard,
                                                             uint64_t checkpoint_ops);
  // Rebuild: the sealed segments named, with indexes as the schema asks now. FAILED_PRECONDITION
  // when one of them is no longer there, or is not sealed, or they are not neighbours. REQUIRES:
  // their content was verified, or damage would be copied into files that say they are sound.
  static Result<std::unique_ptr<SegmentRebuild>> PrepareRebuild(
      ShardState& shard, const std::vector<std::string>& ids);
  ~SegmentRebuild();

  uint64_t rows() const { return rows_.size(); }  // live rows that go into the new segment
  uint64_t source_rows() const { return source_rows_; }
  // Bytes of memory that Write needs beside the sources, about.
  uint64_t MemoryBytes() const;
  // The indexes that Write builds, one after the other, as "hnsw image". `context.progress` goes to
  // 1 for each.
  std::vector<std::string> IndexSteps() const;

  // Writes the file. Nothing to do where rows() is 0, for Verify() neither.
  Status Write(const index::BuildContext& context);
  // Opens and checks what was written, and makes its payload indexes, stored but not yet in force.
  Status Verify(const CancelToken& cancel);
  // Rows that died meanwhile die here too; then the manifest, then readers see the new segment.
  Status Install();

 private:
  SegmentRebuild(ShardState& shard, bool seal) : shard_(shard), seal_(seal) {}

  void Capture(std::vector<std::shared_ptr<Segment>> sources);
  Status InstallLocked() REQUIRES_LOCK(shard_.apply_mu);
  void TransferDeaths();

  ShardState& shard_;
  const bool seal_;
  std::string id_;  // UUID of the new segment; empty for an Install without rows
  std::vector<std::shared_ptr<Segment>> sources_;
  std::vector<std::shared_ptr<const base::Bitset>>
      dead_;  // as captured; what died later is transferred
  std::vector<SourceRow> rows_;
  std::vector<IndexParams> indexes_;
  uint64_t source_rows_ = 0;
  uint64_t sealed_upto_ = 0;  // 0 = as it is
  std::shared_ptr<SealedSegment> result_;
  bool written_ = false;
  bool keep_file_ = false;  // installed, or nobody can tell until the next open
};

}  // namespace sagitta::engine
