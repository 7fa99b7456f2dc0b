#include "engine/rerank.h"

#include <algorithm>
#include <limits>

namespace sagitta::engine {
namespace {

constexpr size_t kCancelEvery = 256;  // distances between two checks

}  // namespace

Result<std::vector<Found>> Rerank(const SearchPlan& plan, std::vector<Found> found,
                                  const CancelToken& cancel, uint64_t* distances) {
  const SecondStage& stage = *plan.rerank;
  const Metric metric = stage.field->metric;
  // Rows of a segment in the order in which they lie in memory.
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.segment != b.segment ? a.segment < b.segment : a.row < b.row;
  });
  for (const Found& row : found) {
    plan.segments[row.segment].segment->segment->WillNeedVector(stage.field_number, row.row);
  }
  std::vector<Found> ranked;
  ranked.reserve(found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (i % kCancelEvery == 0) SAGITTA_RETURN_IF_ERROR(cancel.Check());
    const Segment& segment = *plan.segments[found[i].segment].segment->segment;
    const std::byte* row = segment.vector(stage.field_number, found[i].row);
    if (row == nullptr) continue;
    const float key = kernels::Distances(segment.row_dtype(stage.field_number), metric)
                          .query_row(stage.vector.data(), row, stage.field->dim);
    ++*distances;
    const float order = OrderOf(metric, key);
    if (!(order <= stage.max_order)) continue;
    ranked.push_back({order, found[i].segment, found[i].row});
  }
  const auto id = [&](const Found& f) {
    return plan.segments[f.segment].segment->segment->ext_key(f.row);
  };
  const size_t n = std::min<size_t>(ranked.size(), size_t{plan.query->offset} + plan.query->k);
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(n), ranked.end(),
                    [&](const Found& a, const Found& b) {
                      return a.order != b.order ? a.order < b.order : id(a) < id(b);
                    });
  ranked.resize(n);
  return ranked;
}

}  // namespace sagitta::engine
