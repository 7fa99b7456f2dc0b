// The rows of a segment that a read may return: what is alive, and what a filter lets through.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread_pool.h"
#include "engine/shard_view.h"
#include "filter/evaluate.h"

namespace sagitta::engine {

// The rows of a filter's id lists, looked up once for all segments of a shard. Thread-safe.
// REQUIRES: the views and lists asked for outlive it.
class ResolvedIds {
 public:
  using InternalIds = std::shared_ptr<const std::vector<uint64_t>>;
  // The internal ids, ascending, of those of `ids` that are there.
  Result<InternalIds> Find(const ShardView& view, const std::vector<PointId>& ids)
      EXCLUDES_LOCK(mu_);

 private:
  base::Mutex mu_;
  std::map<std::pair<const ShardView*, const std::vector<PointId>*>, InternalIds> found_
      GUARDED_BY(mu_);
};

// A segment of a view as filter evaluation sees it. REQUIRES: the view outlives it.
class SegmentRowSource final : public filter::RowSource {
 public:
  // `ids` may be null: then each MarkIds looks up anew.
  SegmentRowSource(const ShardView& view, const SegmentView& segment, ResolvedIds* ids = nullptr)
      : view_(view), segment_(segment), ids_(ids) {}
  size_t rows() const override { return segment_.rows; }
  const filter::PayloadIndexData* FindIndex(std::string_view path) const override;
  Status MarkIds(const std::vector<PointId>& ids, base::Bitset* rows) const override;
  Status ReadPayloads(
      const base::Bitset& wanted,
      const std::function<Status(uint32_t, std::string_view)>& visit) const override;

 private:
  const ShardView& view_;
  const SegmentView& segment_;
  ResolvedIds* const ids_;
};

// Bit r: row r is neither dead nor expired and, with `filter`, matches. Null when that is every
// row.
struct LiveRowsResult {
  std::shared_ptr<const base::Bitset> rows;  // segment.rows bits
  size_t count = 0;
  size_t live = 0;      // rows neither dead nor expired, whether they match or not
  bool cached = false;  // the filter's rows were known from a search before

  bool Test(uint32_t row) const { return rows == nullptr || rows->Test(row); }
};
// `ids` may be null. `info` of a filter whose rows were known is that of when they were found.
Result<LiveRowsResult> FindLiveRows(const ShardView& view, const SegmentView& segment,
                                    const std::optional<Filter>& filter, const CancelToken& cancel,
                                    filter::EvaluateInfo* info, ResolvedIds* ids = nullptr);

// A segment of one of several views.
struct SegmentRef {
  const ShardView* view = nullptr;
  const SegmentView* segment = nullptr;
  uint32_t shard = 0;  // position of the view
};
std::vector<SegmentRef> AllSegments(std::span<const ShardView> views);

// FindLiveRows() of each segment, in parallel where it pays. `info` is of all of them together.
Result<std::vector<LiveRowsResult>> FindLiveRowsOfAll(std::span<const SegmentRef> segments,
                                                      const std::optional<Filter>& filter,
                                                      base::ThreadPool* pool,
                                                      const CancelToken& cancel,
                                                      filter::EvaluateInfo* info);

// Calls visit(row) for every row that `rows` holds of the first `n`; visit returns a Status.
template <typename Visit>
Status ForEachRow(const base::Bitset* rows, uint32_t n, const Visit& visit) {
  if (rows == nullptr) {
    for (uint32_t row = 0; row < n; ++row) SAGITTA_RETURN_IF_ERROR(visit(row));
    return Status::Ok();
  }
  for (size_t i = 0; i < rows->word_count(); ++i) {
    for (uint64_t word = rows->words()[i]; word != 0; word &= word - 1) {
      const auto row = static_cast<uint32_t>(i * 64 + std::countr_zero(word));
      SAGITTA_RETURN_IF_ERROR(visit(row));
    }
  }
  return Status::Ok();
}

}  // namespace sagitta::engine
