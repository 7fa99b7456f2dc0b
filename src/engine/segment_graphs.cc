#include "engine/segment_graphs.h"

#include <algorithm>

#include "engine/mutable_segment.h"

namespace sagitta::engine {
namespace {

// Fewer rows are scanned in the time of a walk, more or less.
constexpr uint32_t kLeastRows = 512;
// Where no earlier segment's codes can be tried: so many tell what rows are like.
constexpr uint32_t kLeastTrained = 4096;
constexpr uint32_t kEncodeRows = 4096;  // at a time
constexpr uint32_t kLinkRows = 256;     // at a time: some 50 ms at the most
// So old may a note of a search be: threads that search do not all write to one place all the time.
constexpr SegmentGraphs::Clock::duration kNoteAge = std::chrono::seconds(1);

}  // namespace

bool GrowsGraph(const IndexParams& params, Dtype dtype) {
  if (dtype == Dtype::kBits) return false;
  return params.kind == IndexKind::kGraph || params.kind == IndexKind::kAuto ||
         params.kind == IndexKind::kHnsw;
}

GraphParams GrowingParams(const IndexParams& params) {
  if (params.kind != IndexKind::kHnsw) return params.graph;
  GraphParams graph;
  graph.degree = std::clamp<uint32_t>(2 * params.hnsw.m, 8, 128);
  graph.build_width = std::max<uint32_t>(16, std::min(params.hnsw.ef_construction, 128u));
  graph.ef_search = params.hnsw.ef_search;
  return graph;
}

SegmentGraphs::SegmentGraphs(std::span<const index::VectorRows> rows,
                             std::vector<IndexParams> indexes, size_t capacity,
                             base::MemoryBudget* budget)
    : indexes_(std::move(indexes)), graphs_(rows.size()), searched_at_(rows.size()) {
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (!GrowsGraph(indexes_[i], rows[i].dtype)) continue;
    graphs_[i] = std::make_unique<index::GrowingGraph>(rows[i], capacity,
                                                       GrowingParams(indexes_[i]), budget);
  }
}

bool SegmentGraphs::Exact(uint16_t field, uint32_t rows, uint64_t shard_rows) const {
  if (graphs_[field] == nullptr || rows < kLeastRows) return true;
  // Only vectors of numbers have graphs, so any of their dtypes will do.
  return IsFlat(index::ResolveKind(indexes_[field], shard_rows, Dtype::kF32));
}

void SegmentGraphs::NoteSearch(uint16_t field) const {
  const auto now = Clock::now().time_since_epoch().count();
  auto& at = searched_at_[field];
  if (now - at.load(std::memory_order_relaxed) < kNoteAge.count()) return;
  at.store(now, std::memory_order_relaxed);
}

Result<bool> SegmentGraphs::Link(const MutableSegment& segment, const index::BuildContext& context,
                                 Clock::time_point searched_since, GraphModels* models) {
  bool more = false;
  for (uint16_t i = 0; i < graphs_.size(); ++i) {
    if (graphs_[i] == nullptr) continue;
    const auto searched_at = searched_at_[i].load(std::memory_order_relaxed);
    if (searched_at < searched_since.time_since_epoch().count()) continue;
    SAGITTA_ASSIGN_OR_RETURN(const bool field_more, LinkField(i, segment, context, models));
    more |= field_more;
  }
  return more;
}

Result<bool> SegmentGraphs::LinkField(uint16_t field, const MutableSegment& segment,
                                      const index::BuildContext& context, GraphModels* models) {
  index::GrowingGraph& graph = *graphs_[field];
  const uint32_t rows = segment.rows();
  if (!graph.started()) {
    if (rows < kLeastRows) return false;
    GraphModels::Model known = models->Get(field, graph.params().code_bits);
    if (known == nullptr && rows < kLeastTrained) return false;
    // A field that few points have is found by scanning those.
    if (segment.absent(field) > rows / 2) return false;
    SAGITTA_RETURN_IF_ERROR(graph.Start(rows, std::move(known), context));
    models->Set(field, graph.model());
  }
  const auto encoded = static_cast<uint32_t>(graph.encoded());
  const Status fits = graph.Encode(std::min(rows, encoded + kEncodeRows), context);
  if (!fits.ok() && fits.code() != StatusCode::kResourceExhausted) return fits;
  const auto linked = static_cast<uint32_t>(graph.linked());
  const uint32_t end = std::min(static_cast<uint32_t>(graph.encoded()), linked + kLinkRows);
  std::vector<uint32_t> ids;
  for (uint32_t row = linked; row < end; ++row) {
    if (!segment.tombstones().Test(row) && segment.vector(field, row) != nullptr) {
      ids.push_back(row);
    }
  }
  SAGITTA_RETURN_IF_ERROR(graph.Link(ids, end, context));
  if (end == linked && !fits.ok()) return fits;
  return end < rows;
}

uint32_t SegmentGraphs::rows_linked() const {
  size_t least = SIZE_MAX;
  for (const auto& graph : graphs_) {
    if (graph != nullptr) least = std::min(least, graph->linked());
  }
  return least == SIZE_MAX ? 0 : static_cast<uint32_t>(least);
}

index::IndexBytes SegmentGraphs::Bytes() const {
  index::IndexBytes bytes;
  for (const auto& graph : graphs_) {
    if (graph != nullptr) bytes += graph->Bytes();
  }
  return bytes;
}

}  // namespace sagitta::engine
