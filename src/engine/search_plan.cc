#include "engine/search_plan.h"

#include <algorithm>
#include <cmath>

#include "base/stopwatch.h"
#include "engine/check_request.h"
#include "engine/context.h"
#include "engine/expiry.h"

namespace sagitta::engine {
namespace {

// Elements of vectors whose distances take about 100 µs, many times what waking a thread does.
constexpr uint64_t kWorkForThread = 1 << 20;
// Rows whose distances a search of an approximate index computes, about.
constexpr uint64_t kIndexRows = 4096;
// A walk over codes takes less, whatever the dimension.
constexpr uint64_t kGraphWork = kWorkForThread / 2;
// So many codes are looked at in the time of one distance.
constexpr uint64_t kVectorsForCodes = 8;
// What a filter costs for a row, in elements; reading its payload is far more.
constexpr uint64_t kFilterWork = 64;

// A point named by a query, where it is.
struct TargetRow {
  uint32_t shard = 0;
  uint64_t internal_id = 0;
};

Result<TargetRow> FindTarget(std::span<const ShardView> views, const PointId& id) {
  const std::vector<std::string> keys = {id.Encode()};
  const uint32_t shard = RouteOf(keys[0], static_cast<uint32_t>(views.size()));
  const ShardView& view = views[shard];
  std::vector<std::optional<store::IdEntry>> entries;
  SAGITTA_RETURN_IF_ERROR(view.store->FindIds(keys, &entries, view.at.get()));
  const auto& entry = entries[0];
  if (!entry.has_value() || HasExpired(entry->expires_at_ms, view.now_ms)) {
    return Status::NotFound("point " + id.ToString() + " is not there to search by");
  }
  return TargetRow{shard, entry->internal_id};
}

// Fills in the vector and the row of the point that the query names.
Status TakeTarget(std::span<const ShardView> views, const PointId& id, SearchPlan* plan) {
  SAGITTA_ASSIGN_OR_RETURN(const TargetRow target, FindTarget(views, id));
  const ShardView& view = views[target.shard];
  SAGITTA_ASSIGN_OR_RETURN(
      const auto stored,
      view.store->ReadVector(target.internal_id, plan->field_number, view.at.get()));
  if (!stored.has_value()) {
    return Status::NotFound("point " + id.ToString() + " has no vector \"" + plan->field->name +
                            "\" to search by");
  }
  SAGITTA_ASSIGN_OR_RETURN(plan->vector, ToQueryVector(*plan->field, *stored, "vector"));
  for (size_t i = 0; i < plan->segments.size(); ++i) {
    const SegmentRef& ref = plan->segments[i];
    if (ref.shard != target.shard) continue;
    const std::optional<uint32_t> row = ref.segment->segment->FindRow(target.internal_id);
    if (row.has_value() && *row < ref.segment->rows) plan->self = {i, *row};
  }
  return Status::Ok();
}

// Of comparing one row, in elements of numbers: so many bits go in the time of one.
uint64_t RowWork(const VectorField& field) {
  constexpr uint32_t kBitsOfElement = 16;
  return field.storage == Dtype::kBits ? field.dim / kBitsOfElement + 1 : field.dim;
}

uint64_t WorkOf(const SearchPlan& plan, size_t segment) {
  const SegmentView& view = *plan.segments[segment].segment;
  if (view.segment->tombstones().Count() >= view.rows) return 0;
  const uint64_t filter = plan.query->filter.has_value() ? view.rows * kFilterWork : 0;
  const uint64_t row = RowWork(*plan.field);
  const uint64_t all = view.rows * row;
  if (plan.Scans(segment)) return all + filter;
  const IndexKind kind = view.segment->index_kind(plan.field_number);
  if (kind == IndexKind::kFlatCodes) return all / kVectorsForCodes + filter;
  const bool graph = kind == IndexKind::kGraph || !view.segment->sealed();
  return std::min(all, graph ? kGraphWork : kIndexRows * row) + filter;
}

// 0 candidates are ten times the hits.
Result<SecondStage> MakeSecondStage(const CollectionSchema& schema, const Query& query) {
  constexpr uint32_t kFactor = 10, kMost = 10'000;
  const Rerank& rerank = *query.rerank;
  SecondStage stage;
  stage.field = schema.FindField(rerank.field);
  stage.field_number = static_cast<uint16_t>(stage.field - schema.fields.data());
  SAGITTA_ASSIGN_OR_RETURN(stage.vector,
                           ToQueryVector(*stage.field, rerank.vector, "rerank.vector"));
  stage.candidates = rerank.candidates != 0 ? rerank.candidates
                                            : std::min(kMost, kFactor * (query.offset + query.k));
  return stage;
}

// Other threads can take whatever lies outside the largest segment.
bool PaysParallel(const SearchPlan& plan) {
  uint64_t total = 0;
  uint64_t largest = 0;
  for (size_t i = 0; i < plan.segments.size(); ++i) {
    const uint64_t work = WorkOf(plan, i);
    total += work;
    largest = std::max(largest, work);
  }
  return total - largest >= kWorkForThread;
}

}  // namespace

bool SearchPlan::Scans(size_t segment) const {
  const SegmentRef& ref = segments[segment];
  return query->params.exact ||
         ref.segment->segment->Exact(field_number, ref.segment->rows, ref.view->live_rows);
}

float OrderOf(Metric metric, float key) {
  return metric == Metric::kL2 ? KeyToScore(metric, key) : key;
}

float OrderToScore(Metric metric, float order) {
  // 0 − 0 is 0, where the negation of it is −0.
  return HigherIsCloser(metric) ? 0.0f - order : order;
}

float KeyLimitOf(Metric metric, float max_order) {
  if (metric != Metric::kL2) return max_order;
  const float key = ScoreToKey(metric, max_order);
  if (max_order < 0) return key;
  // Rounding: keys up to about two steps above the square have this very root.
  return std::nextafter(key * (1 + 1e-6f), std::numeric_limits<float>::infinity());
}

Result<SearchPlan> MakeSearchPlan(const CollectionSchema& schema, std::span<const ShardView> views,
                                  const Query& query) {
  const base::Stopwatch watch;
  SearchPlan plan;
  plan.query = &query;
  SAGITTA_ASSIGN_OR_RETURN(plan.field, FindQueryField(schema, query.field));
  plan.field_number = static_cast<uint16_t>(plan.field - schema.fields.data());
  plan.segments = AllSegments(views);
  if (query.rerank.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(plan.rerank, MakeSecondStage(schema, query));
  }
  if (query.score_threshold.has_value()) {
    const float score = *query.score_threshold;
    const float order = HigherIsCloser(plan.scored_field().metric) ? -score : score;
    (plan.rerank.has_value() ? plan.rerank->max_order : plan.max_order) = order;
  }
  if (const auto* vector = std::get_if<VectorValue>(&query.target)) {
    SAGITTA_ASSIGN_OR_RETURN(plan.vector, ToQueryVector(*plan.field, *vector, "vector"));
  } else {
    SAGITTA_RETURN_IF_ERROR(TakeTarget(views, std::get<PointId>(query.target), &plan));
  }
  plan.parallel = PaysParallel(plan);
  plan.seconds = watch.Seconds();
  return plan;
}

}  // namespace sagitta::engine
