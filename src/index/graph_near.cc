#include "index/graph_near.h"

#include <algorithm>

#include "index/graph_beam.h"

namespace sagitta::index {
namespace {

constexpr size_t kBestSeeds = 4;  // that a search starts from

struct ProbeScore {
  const GraphSpace::Probe& probe;
  void operator()(const uint32_t* ids, size_t n, float* keys) const { probe.Score(ids, n, keys); }
  void Fetch(uint32_t) const {}  // Score fetches ahead; all threads together keep the memory busy
};

}  // namespace

bool FindNear(const GraphSpace& space, uint32_t degree, uint32_t width,
              const GraphSpace::Probe& probe, const BuiltGraph& graph,
              std::vector<Candidate>* out) {
  GraphScratch& scratch = ThreadGraphScratch();
  const size_t seeds = graph.seeds.size();
  std::vector<float> keys(seeds);
  probe.Score(graph.seeds.data(), seeds, keys.data());
  std::vector<Candidate> nearest(seeds);
  for (size_t i = 0; i < seeds; ++i) nearest[i] = {keys[i], graph.seeds[i]};
  const size_t starts = std::min(kBestSeeds, seeds);
  std::partial_sort(nearest.begin(), nearest.begin() + static_cast<ptrdiff_t>(starts),
                    nearest.end());
  uint32_t start[kBestSeeds];
  for (size_t i = 0; i < starts; ++i) start[i] = nearest[i].position;
  GraphMeter meter;
  const GraphLinks links{graph.links.data(), degree};
  RunBeam(links, space.n(), start, starts, width, ProbeScore{probe}, &scratch, &meter);
  out->clear();
  for (size_t i = 0; i < scratch.pool.size(); ++i) {
    const auto& entry = scratch.pool[i];
    if (entry.position() != probe.position()) out->push_back({entry.key, entry.position()});
  }
  return !out->empty();
}

}  // namespace sagitta::index
