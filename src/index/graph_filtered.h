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

// The positions that pass, ascending.
class PassingRows {
 public:
  PassingRows(const RowFilter& filter, size_t n);
  // False when there is none left.
  bool Next(uint32_t* position);
  // Goes on from `position`.
  void Seek(uint32_t position);

 private:
  const RowFilter& filter_;
  const size_t n_;
  const bool by_words_;  // positions are segment rows
  size_t next_ = 0;
  uint64_t word_ = 0;
};

// Adds some positions that pass, from all over the segment: a walk among those that pass must begin
// there, wherever they are.
void AddPassingSeeds(const RowFilter& filter, size_t n, std::vector<uint32_t>* seeds);

// A link to a node below n, or none: then *ended says whether the row ends here.
inline bool ReadLink(const uint32_t* link, size_t n, uint32_t* position, bool* ended) {
  *position = LoadLink(link);
  *ended = *position == kNoGraphLink;
  return *position < n;
}

// As RunBeam, over the nodes that pass. False when cancelled or when the plan's budget did not
// suffice.
template <class Score>
bool RunTwoHopBeam(const GraphLinks& graph, size_t n, const RowFilter& filter,
                   const std::vector<uint32_t>& seeds, const GraphPlan& plan, const Score& score,
                   GraphScratch* scratch, GraphMeter* meter) {
  GraphVisited& visited = scratch->visited;
  CandidatePool& pool = scratch->pool;
  visited.Start(n);
  pool.Start(plan.width);
  const size_t most = 2 * size_t{graph.degree};  // distances of one hop
  std::vector<uint32_t> fresh, between;
  fresh.reserve(std::max(seeds.size(), most + graph.degree));
  if (scratch->keys.size() < fresh.capacity()) scratch->keys.resize(fresh.capacity());
  float* keys = scratch->keys.data();
  const auto take = [&] {
    score(fresh.data(), fresh.size(), keys);
    pool.Offer(keys, fresh.data(), fresh.size());
    return meter->Add(fresh.size());
  };
  const uint64_t last = meter->distances + plan.budget;
  visited.Reserve(seeds.size() + 1);
  for (const uint32_t seed : seeds) {
    if (filter.Passes(seed) && visited.Insert(seed)) fresh.push_back(seed);
  }
  if (!take()) return false;
  for (uint32_t position; pool.Next(&position);) {
    ++meter->hops;
    fresh.clear();
    between.clear();
    visited.Reserve(graph.degree + most + 2);
    const uint32_t* row = graph.row(position);
    uint32_t link = 0;
    bool ended = false;
    for (uint32_t i = 0; i < graph.degree && !ended; ++i) {
      if (!ReadLink(row + i, n, &link, &ended) || !visited.Insert(link)) continue;
      if (filter.Passes(link)) {
        fresh.push_back(link);
      } else {
        FetchLinks(graph, link);
        between.push_back(link);
      }
    }
    for (size_t b = 0; b < between.size() && fresh.size() < most; ++b) {
      const uint32_t* far = graph.row(between[b]);
      ended = false;
      for (uint32_t i = 0; i < graph.degree && !ended && fresh.size() < most; ++i) {
        if (!ReadLink(far + i, n, &link, &ended) || !filter.Passes(link)) continue;
        if (visited.Insert(link)) fresh.push_back(link);
      }
    }
    if (!take() || meter->distances > last) return false;
  }
  return true;
}

}  // namespace sagitta::index
