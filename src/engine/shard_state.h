// ShardState: what a shard is made of: its store, its segments, and the two locks that order
// changes.
//
// apply_mu is held from a commit to the store until the rows are visible, and while the manifest
// changes: who holds it sees store and segments agree. publish_mu_ is held for microseconds while
// readers must not look.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "engine/context.h"
#include "engine/mutable_segment.h"
#include "engine/sealed_segment.h"
#include "engine/shard_view.h"

namespace sagitta::engine {

class ShardState {
 public:
  ShardState(std::string path, uint32_t number, EngineContext context,
             std::shared_ptr<const LiveSchema> schema, std::shared_ptr<store::ShardStore> store);
  ~ShardState();
  ShardState(const ShardState&) = delete;
  ShardState& operator=(const ShardState&) = delete;

  const std::string& path() const { return path_; }
  uint32_t number() const { return number_; }
  const EngineContext& context() const { return context_; }
  std::shared_ptr<const CollectionSchema> schema() const { return schema_->Get(); }
  const std::vector<FieldLayout>& layouts() const { return layouts_; }
  store::ShardStore& store() const { return *store_; }
  std::string SegmentDirectory() const { return path_ + "/segments"; }
  std::string SegmentPath(const std::string& id) const {
    return SegmentDirectory() + "/" + id + ".seg";
  }

  ShardView View() const EXCLUDES_LOCK(publish_mu_);
  // All segments by ascending internal ids, the growing one last.
  std::vector<std::shared_ptr<Segment>> Segments() const EXCLUDES_LOCK(publish_mu_);
  uint64_t Points() const;  // rows that are not dead; expired ones not yet swept count
  uint64_t applied_seq() const { return applied_seq_.load(std::memory_order_acquire); }
  uint64_t sealed_upto() const { return sealed_upto_.load(std::memory_order_acquire); }
  // Operations after sealed_upto, which a recovery would replay.
  uint64_t log_ops() const { return total_ops_.load() - sealed_ops_.load(); }
  // Rows that make a segment full: as settings ask, where so many fit into memory.
  uint32_t seal_rows() const;
  // The growing and frozen segments work on their graphs for a moment: SegmentGraphs::Link. By one
  // thread at a time. Without a time, whether or not there was a search.
  Result<bool> Link(const index::BuildContext& context,
                    SegmentGraphs::Clock::time_point searched_since = {})
      EXCLUDES_LOCK(publish_mu_);
  int64_t last_write_ms() const { return last_write_ms_.load(std::memory_order_relaxed); }
  size_t FrozenCount() const;

  base::Mutex apply_mu;

  MutableSegment& growing() REQUIRES_LOCK(apply_mu) { return *growing_; }
  // Makes appended rows visible and those of `dead` (internal ids) invisible, in one step.
  void Publish(std::span<const uint64_t> dead, uint64_t applied_seq, uint64_t ops)
      REQUIRES_LOCK(apply_mu) EXCLUDES_LOCK(publish_mu_);
  // Freezes the growing segment, if it has rows, and starts the next.
  void Rotate() REQUIRES_LOCK(apply_mu) EXCLUDES_LOCK(publish_mu_);
  // Puts `replacement` (null = nothing) in the place of `sources`, which are segments in a row;
  // commits the manifest first. `sealed_upto` is raised to the given. Old files go when the last
  // reader has gone.
  Status Replace(std::span<const std::shared_ptr<Segment>> sources,
                 std::shared_ptr<SealedSegment> replacement, uint64_t sealed_upto)
      REQUIRES_LOCK(apply_mu) EXCLUDES_LOCK(publish_mu_);
  struct Contents {
    std::vector<std::shared_ptr<Segment>> segments;  // sealed and frozen, by ascending internal ids
    std::shared_ptr<MutableSegment> growing;
    std::vector<store::ManifestSegment> damaged;  // as the manifest lists them
    uint64_t generation = 0;
    uint64_t sealed_upto = 0;
    uint64_t applied_seq = 0;
    uint64_t log_ops = 0;
  };
  // For recovery.
  void SetContents(Contents contents) REQUIRES_LOCK(apply_mu) EXCLUDES_LOCK(publish_mu_);
  // Puts degraded segments with the same live rows in the place of one whose file is damaged.
  void Degrade(const std::shared_ptr<SealedSegment>& damaged,
               std::vector<std::shared_ptr<Segment>> degraded) REQUIRES_LOCK(apply_mu)
      EXCLUDES_LOCK(publish_mu_);

  // A growing or degraded segment with the payload indexes of the schema, all empty. capacity 0 =
  // what settings ask.
  std::shared_ptr<MutableSegment> NewMutable(size_t capacity) const;

 private:
  struct RowRef {
    Segment* segment;
    uint32_t row;
  };
  // What the codes of the newest sealed segment with any are codes of; null without.
  GraphModels::Model StoredModel(uint16_t field) const EXCLUDES_LOCK(publish_mu_);
  // Where the row is; a null segment when nowhere (yet).
  RowRef FindRow(uint64_t internal_id) const REQUIRES_SHARED_LOCK(publish_mu_);
  void SetList(std::vector<std::shared_ptr<Segment>> list) REQUIRES_LOCK(apply_mu)
      EXCLUDES_LOCK(publish_mu_);
  store::Manifest NextManifest(std::span<const std::shared_ptr<Segment>> segments,
                               uint64_t sealed_upto) const REQUIRES_LOCK(apply_mu);
  void ForgetLog(uint64_t sealed_upto) REQUIRES_LOCK(apply_mu);

  const std::string path_;
  const uint32_t number_;
  const EngineContext context_;
  const std::shared_ptr<const LiveSchema> schema_;
  const std::vector<FieldLayout> layouts_;
  const std::shared_ptr<store::ShardStore> store_;
  GraphModels models_;

  mutable base::SharedMutex publish_mu_;
  std::vector<std::shared_ptr<Segment>> segments_ GUARDED_BY(publish_mu_);
  std::shared_ptr<const store::StoreSnapshot> at_ GUARDED_BY(publish_mu_);
  std::shared_ptr<MutableSegment> growing_ GUARDED_BY(apply_mu);
  // Listed by the manifest until their rows, now in degraded segments, have been sealed again: a
  // recovery must know that rows are missing from its segments.
  std::vector<store::ManifestSegment> damaged_ GUARDED_BY(apply_mu);
  uint64_t generation_ GUARDED_BY(apply_mu) = 0;
  struct LogMark {
    uint64_t seq;
    uint64_t total_ops;
  };
  std::deque<LogMark> log_marks_ GUARDED_BY(apply_mu);  // one per Rotate() not yet sealed
  mutable std::atomic<uint64_t> next_mutable_{0};

  std::atomic<uint64_t> applied_seq_{0};
  std::atomic<uint64_t> sealed_upto_{0};
  std::atomic<uint64_t> total_ops_{0};   // operations ever seen
  std::atomic<uint64_t> sealed_ops_{0};  // of them, those up to sealed_upto
  std::atomic<int64_t> last_write_ms_{0};
};

}  // namespace sagitta::engine
