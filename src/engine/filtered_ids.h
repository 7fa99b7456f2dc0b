// FilteredIds: the points of several shards that a filter matches, by bitmaps over all segments.
// For scrolls whose filter is answered without reading many payloads. Immutable once made,
// thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/id_stream.h"
#include "engine/row_source.h"

namespace sagitta::engine {

// About how many payloads an evaluation of `filter` over all rows reads, at the most; rows whose
// value an index does not cover are not counted.
uint64_t PayloadsToRead(std::span<const ShardView> views, const Filter& filter);

class FilteredIds {
 public:
  // REQUIRES: `views` outlive it.
  static Result<FilteredIds> Find(std::span<const ShardView> views,
                                  const std::optional<Filter>& filter, base::ThreadPool* pool,
                                  const CancelToken& cancel, filter::EvaluateInfo* info);

  uint64_t matches() const { return matches_; }
  uint64_t rows() const { return rows_; }
  bool Contains(const ScrollEntry& entry) const;
  // The first `n` after `after`, in order of id. Looks at every match.
  std::vector<ScrollEntry> First(size_t n, std::string_view after) const;

 private:
  std::vector<SegmentRef> segments_;
  std::vector<size_t> first_segment_;  // of each shard, and the end
  std::vector<LiveRowsResult> live_;   // by segment
  uint64_t matches_ = 0;
  uint64_t rows_ = 0;
};

}  // namespace sagitta::engine
