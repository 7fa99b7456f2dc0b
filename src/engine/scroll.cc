// ScrollPoints of read_points.h: a page of points in order of id. The ids come merged from the
// stores. A filter is answered by bitmaps over all segments where indexes make those cheap; else a
// page reads just the payloads that it goes past, so that the pages of a scroll together read each
// once.
#include <algorithm>

#include "engine/check_request.h"
#include "engine/filtered_ids.h"
#include "engine/id_stream.h"
#include "engine/read_points.h"

namespace sagitta::engine {
namespace {

// Payloads held at once: each may have up to 1 MiB.
constexpr size_t kPayloadBlock = 256;
constexpr size_t kMinBlock = 1024;
// A page may evaluate its filter over all rows when that reads no more payloads than this and twice
// its limit.
constexpr uint64_t kPayloadsToRead = 1024;
// Going past an id of a store costs about as much as looking at this many matches.
constexpr uint64_t kMatchesPerId = 4;

struct PageRows {
  std::vector<ScrollEntry> entries;
  std::string next;  // the next page begins after this key; empty at the end
};

// A block of a scroll as filter evaluation sees it: without indexes.
class BlockSource final : public filter::RowSource {
 public:
  BlockSource(std::span<const ShardView> views, std::span<const ScrollEntry> entries)
      : views_(views), entries_(entries) {}

  size_t rows() const override { return entries_.size(); }
  const filter::PayloadIndexData* FindIndex(std::string_view) const override { return nullptr; }

  Status MarkIds(const std::vector<PointId>& ids, base::Bitset* rows) const override {
    for (const PointId& id : ids) {
      const std::string key = id.Encode();
      const auto it = std::lower_bound(
          entries_.begin(), entries_.end(), key,
          [](const ScrollEntry& entry, const std::string& k) { return entry.ext_key < k; });
      if (it != entries_.end() && it->ext_key == key) {
        rows->Set(static_cast<size_t>(it - entries_.begin()));
      }
    }
    return Status::Ok();
  }

  Status ReadPayloads(
      const base::Bitset& wanted,
      const std::function<Status(uint32_t, std::string_view)>& visit) const override {
    std::vector<std::vector<uint64_t>> ids(views_.size());
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (wanted.Test(i)) ids[entries_[i].shard].push_back(entries_[i].id.internal_id);
    }
    std::vector<std::vector<std::string>> payloads(views_.size());
    for (size_t shard = 0; shard < views_.size(); ++shard) {
      if (ids[shard].empty()) continue;
      SAGITTA_RETURN_IF_ERROR(
          views_[shard].store->ReadPayloads(ids[shard], &payloads[shard], views_[shard].at.get()));
    }
    std::vector<size_t> next(views_.size());
    for (uint32_t i = 0; i < entries_.size(); ++i) {
      if (!wanted.Test(i)) continue;
      const uint32_t shard = entries_[i].shard;
      SAGITTA_RETURN_IF_ERROR(visit(i, payloads[shard][next[shard]++]));
    }
    return Status::Ok();
  }

 private:
  std::span<const ShardView> views_;
  std::span<const ScrollEntry> entries_;
};

// Goes through `stream` a block at a time until the page has `limit` entries. keep(block) returns
// which of the block's entries belong to the page.
template <typename Keep>
Result<PageRows> FillPage(IdStream& stream, uint32_t limit, size_t block_size, const Keep& keep) {
  PageRows page;
  std::string passed;  // the last key gone past
  std::vector<ScrollEntry> block;
  while (page.entries.size() < limit) {
    SAGITTA_RETURN_IF_ERROR(stream.Next(block_size, &block));
    if (block.empty()) return page;
    SAGITTA_ASSIGN_OR_RETURN(const base::Bitset kept, keep(std::as_const(block)));
    for (size_t i = 0; i < block.size(); ++i) {
      if (kept.Test(i) && page.entries.size() == limit) {
        page.next = std::move(passed);
        return page;
      }
      passed = block[i].ext_key;
      if (kept.Test(i)) page.entries.push_back(std::move(block[i]));
    }
  }
  // What follows is not looked at for the sake of the cursor: a page may turn out to be empty.
  if (!stream.done()) page.next = std::move(passed);
  return page;
}

// The page of a filter that is evaluated over all rows.
Result<PageRows> PageOfMatches(std::span<const ShardView> views, const ScrollRequest& request,
                               const std::string& after, base::ThreadPool* pool,
                               const CancelToken& cancel, filter::EvaluateInfo* info) {
  SAGITTA_ASSIGN_OR_RETURN(const FilteredIds ids,
                           FilteredIds::Find(views, request.filter, pool, cancel, info));
  // A stream goes past limit · rows / matches ids to fill a page.
  const uint64_t stream_cost = kMatchesPerId * (request.limit + 1) * ids.rows();
  if (ids.matches() * ids.matches() <= stream_cost) {
    PageRows page;
    page.entries = ids.First(size_t{request.limit} + 1, after);
    if (page.entries.size() > request.limit) {
      page.entries.pop_back();
      page.next = page.entries.back().ext_key;
    }
    return page;
  }
  IdStream stream(views, after, cancel);
  return FillPage(stream, request.limit, std::max<size_t>(kMinBlock, request.limit + 1),
                  [&](const std::vector<ScrollEntry>& block) -> Result<base::Bitset> {
                    base::Bitset kept(block.size());
                    for (size_t i = 0; i < block.size(); ++i) {
                      if (ids.Contains(block[i])) kept.Set(i);
                    }
                    return kept;
                  });
}

Result<PageRows> FindPage(std::span<const ShardView> views, const ScrollRequest& request,
                          base::ThreadPool* pool, const CancelToken& cancel,
                          filter::EvaluateInfo* info) {
  SAGITTA_ASSIGN_OR_RETURN(const std::string after, DecodeCursor(request.cursor));
  IdStream stream(views, after, cancel);
  if (!request.filter.has_value()) {
    return FillPage(stream, request.limit, size_t{request.limit} + 1,
                    [](const std::vector<ScrollEntry>& block) -> Result<base::Bitset> {
                      return base::Bitset(block.size(), true);
                    });
  }
  if (PayloadsToRead(views, *request.filter) <= kPayloadsToRead + 2 * request.limit) {
    return PageOfMatches(views, request, after, pool, cancel, info);
  }
  return FillPage(stream, request.limit, kPayloadBlock,
                  [&](const std::vector<ScrollEntry>& block) -> Result<base::Bitset> {
                    const BlockSource source(views, block);
                    const base::Bitset all(block.size(), true);
                    return filter::Evaluate(*request.filter, source, all, cancel, info);
                  });
}

}  // namespace

Result<ScrollPage> ScrollPoints(const CollectionSchema& schema, std::span<const ShardView> views,
                                const ScrollRequest& request, base::ThreadPool* pool,
                                const CancelToken& cancel) {
  SAGITTA_RETURN_IF_ERROR(ValidateScroll(schema, request));
  SAGITTA_RETURN_IF_ERROR(cancel.Check());
  filter::EvaluateInfo info;
  SAGITTA_ASSIGN_OR_RETURN(const PageRows rows, FindPage(views, request, pool, cancel, &info));
  ScrollPage page;
  page.points.reserve(rows.entries.size());
  std::vector<uint32_t> shards;
  std::vector<uint64_t> internal_ids;
  std::vector<Point*> points;
  for (const ScrollEntry& entry : rows.entries) {
    SAGITTA_ASSIGN_OR_RETURN(PointId id, PointId::Decode(entry.ext_key));
    page.points.push_back({.id = std::move(id),
                           .vectors = {},
                           .payload = {},
                           .expires_at_ms = entry.id.expires_at_ms,
                           .version = entry.id.version});
    shards.push_back(entry.shard);
    internal_ids.push_back(entry.id.internal_id);
    points.push_back(&page.points.back());
  }
  SAGITTA_RETURN_IF_ERROR(FillPoints(schema, views, shards, internal_ids, request.select, points));
  page.next_cursor = EncodeCursor(rows.next);
  page.filter_scanned = info.scanned;
  return page;
}

}  // namespace sagitta::engine
