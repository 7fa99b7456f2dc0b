#include "index/graph_near.h"

#include <algorithm>

namespace sagitta::index {
namespace {

constexpr size_t kBestSeeds = 4;  // that a search starts from

struct ProbeScore {
  const GraphSpace::Probe& probe;
  void operator()(const uint32_t* ids, size_t n, float* keys) const { probe.Score(ids, n, keys); }
  void Fetch(uint32_t) const {}  // Score fetches ahead; all threads together keep the memory busy
};

}  // namespace

bool FindNear(const GraphSpace& space, const GraphLinks& links, std::span<const uint32_t> seeds,
              uint32_t width, const GraphSpace::Probe& probe, std::vector<Candidate>* out) {
  GraphScratch& scratch = ThreadGraphScratch();
  std::vector<float> keys(seeds.size());
  probe.Score(seeds.data(), seeds.size(), keys.data());
  std::vector<Candidate> nearest(seeds.size());
  for (size_t i = 0; i < seeds.size(); ++i) nearest[i] = {keys[i], seeds[i]};
  const size_t starts = std::min(kBestSeeds, seeds.size());
  std::partial_sort(nearest.begin(), nearest.begin() + static_cast<ptrdiff_t>(starts),
                    nearest.end());
  uint32_t start[kBestSeeds];
  for (size_t i = 0; i < starts; ++i) start[i] = nearest[i].position;
  GraphMeter meter;
  RunBeam(links, space.n(), start, starts, width, ProbeScore{probe}, &scratch, &meter);
  out->clear();
  for (size_t i = 0; i < scratch.pool.size(); ++i) {
    const CandidatePool::Entry entry = scratch.pool[i];
    if (entry.position != probe.position()) out->push_back({entry.key, entry.position});
  }
  return !out->empty();
}

}  // namespace sagitta::index
