#include "index/hnsw_search.h"

#include <algorithm>

#include "index/hnsw_traverse.h"

namespace sagitta::index {
namespace {

constexpr uint32_t kMaxEf = 65'536;

// New distances per expanded node, as a share of the 2m links at level 0: with m = 16, 9 to 14 of
// 32 were measured over Fashion-MNIST and clustered data.
constexpr double kNewPerLink = 0.35;
// What a distance costs at the end of a link, against one of a scan in order: it misses the cache.
constexpr double kWalkPenalty = 1.5;

}  // namespace

HnswIndex::Plan HnswIndex::MakePlan(const IndexQuery& query) const {
  Plan plan;
  const uint32_t usual = query.settings == nullptr ? ef_search_ : query.settings->hnsw.ef_search;
  const uint32_t wanted = query.params.ef.value_or(usual);
  plan.ef = std::clamp(std::max(wanted, query.k), 1u, kMaxEf);
  const double per_node = kNewPerLink * links_.header().degree0 * kWalkPenalty;
  const bool filtered = query.filter.allowed != nullptr;
  const size_t scan_rows = filtered ? std::min(query.filter.allowed_count, rows_.n) : rows_.n;
  double nodes = plan.ef;
  if (filtered) {
    // Half of ef, but 2k: the nodes around those that pass are settled with them, so fewer do.
    plan.ef_passing = std::min(plan.ef, std::max(2 * query.k, plan.ef / 2));
    const double selectivity = static_cast<double>(scan_rows) / static_cast<double>(rows_.n);
    nodes = std::max(nodes, plan.ef_passing / std::max(selectivity, 1e-9));
    plan.budget = scan_rows;
  }
  plan.scan = query.params.exact || nodes * per_node >= static_cast<double>(scan_rows);
  return plan;
}

Status HnswIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                         uint64_t* distances) const {
  out->clear();
  if (query.k == 0) return Status();
  const Plan plan = MakePlan(query);
  if (plan.scan) return ScanExact(rows_, 0, rows_.n, query, out, distances);
  const HnswTraversal traversal{rows_, links_, query, distances};
  size_t reachable = rows_.n;
  bool exhausted = false;
  if (query.filter.allowed == nullptr) {
    SAGITTA_RETURN_IF_ERROR(TraverseAll(traversal, plan.ef, out));
  } else {
    reachable = query.filter.allowed_count;
    SAGITTA_RETURN_IF_ERROR(
        TraverseFiltered(traversal, plan.ef, plan.ef_passing, plan.budget, out, &exhausted));
  }
  if (exhausted || out->size() < std::min<size_t>(query.k, reachable)) {
    out->clear();
    if (query.trace != nullptr) query.trace->fell_back = true;
    return ScanExact(rows_, 0, rows_.n, query, out, distances);
  }
  const size_t k = std::min<size_t>(query.k, out->size());
  std::partial_sort(out->begin(), out->begin() + static_cast<ptrdiff_t>(k), out->end());
  out->resize(k);
  while (!out->empty() && !(out->back().key <= query.key_limit)) out->pop_back();
  return Status();
}

}  // namespace sagitta::index
