// Walking a graph under a filter: the candidates are the nodes that pass, and nodes that do not are
// looked through for those behind them (Patel et al., "ACORN", SIGMOD 2024, on an unchanged graph).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "index/graph_beam.h"
#include "index/graph_plan.h"

namespace sagitta::index {

// Adds some positions that pass, from all over the segment: a walk among those that pass must begin
// there, wherever they are.
void AddPassingSeeds(const RowFilter& filter, size_t n, std::vector<uint32_t>* seeds);

// A walk over the nodes that pass takes those that a node links to for its neighbours, and those
// behind the others until there are this many; nearer ones come first. Half of the links suffice:
// recall was within 0.002 of all of them, in half of the time. Not so where the query lies apart
// from what passes: among those rows half of the links lost 0.03.
inline size_t TwoHopNeighbours(uint32_t degree) { return degree / 2; }

// Visits those of the nodes which `row` links to that are below n and pass, until `most` of them
// did, seen before or not; returns how many did. The others go to `between`, which has room for a
// row of links, unless it is null.
inline size_t VisitPassing(const GraphLinks& graph, const uint32_t* row, size_t n,
                           const RowFilter& filter, size_t most, GraphVisited* visited,
                           uint32_t* between, size_t* between_count) {
  size_t passing = 0, others = 0;
  visited->Reserve(graph.degree + 1);
  for (uint32_t i = 0; i < graph.degree && passing < most; ++i) {
    const uint32_t link = LoadLink(row + i);
    if (link >= n) {
      if (link == kNoGraphLink) break;
      continue;
    }
    // What passes is known too late to be worth a branch.
    const bool passes = filter.Passes(link);
    passing += passes;
    visited->InsertIf(passes, link);
    if (between == nullptr) continue;
    between[others] = link;
    others += !passes;
  }
  if (between != nullptr) *between_count = others;
  return passing;
}

// As RunBeam, over the nodes that pass. False when cancelled or when the plan's budget did not
// suffice.
template <class Score>
bool RunTwoHopBeam(const GraphLinks& graph, size_t n, const RowFilter& filter,
                   const std::vector<uint32_t>& seeds, const GraphPlan& plan, const Score& score,
                   GraphScratch* scratch, GraphMeter* meter) {
  constexpr size_t kAhead = 4;  // rows of links under way
  GraphVisited& visited = scratch->visited;
  CandidatePool& pool = scratch->pool;
  visited.Start(n);
  pool.Start(plan.width);
  const size_t wanted = plan.sample_step != 0 ? graph.degree : TwoHopNeighbours(graph.degree);
  const size_t most = std::max<size_t>(seeds.size(), graph.degree + wanted);
  if (scratch->keys.size() < most) scratch->keys.resize(most);
  if (scratch->between.size() < graph.degree) scratch->between.resize(graph.degree);
  float* keys = scratch->keys.data();
  uint32_t* between = scratch->between.data();
  const auto take = [&](size_t first) {
    const uint32_t* ids = visited.seen() + first;
    const size_t fresh = visited.count() - first;
    for (size_t i = 0; i < fresh; ++i) score.Fetch(ids[i]);
    score(ids, fresh, keys);
    pool.Offer(keys, ids, fresh);
    if (const uint32_t next = pool.Peek(); next != kNoGraphLink) FetchLinks(graph, next);
    return meter->Add(fresh);
  };
  const uint64_t last = meter->distances + plan.budget;
  visited.Reserve(seeds.size() + 1);
  for (const uint32_t seed : seeds) visited.InsertIf(filter.Passes(seed), seed);
  if (!take(0)) return false;
  for (uint32_t position; pool.Next(&position);) {
    ++meter->hops;
    const size_t first = visited.count();
    size_t count = 0;
    size_t passing = VisitPassing(graph, graph.row(position), n, filter, graph.degree, &visited,
                                  between, &count);
    if (passing < wanted) {
      for (size_t b = 0; b < count && b < kAhead; ++b) FetchLinks(graph, between[b]);
    }
    for (size_t b = 0; b < count && passing < wanted; ++b) {
      if (b + kAhead < count) FetchLinks(graph, between[b + kAhead]);
      passing += VisitPassing(graph, graph.row(between[b]), n, filter, wanted - passing, &visited,
                              nullptr, nullptr);
    }
    if (!take(first) || meter->distances > last) return false;
  }
  return true;
}

}  // namespace sagitta::index
