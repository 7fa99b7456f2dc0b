// Searching a graph for the rows near one of its own, while it is built.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/graph_beam.h"
#include "index/graph_space.h"

namespace sagitta::index {

struct BuiltGraph {
  std::vector<uint32_t> links;  // n × degree, each row ended by kNoGraphLink or full
  std::vector<uint32_t> seeds;  // where searches begin; every node is reachable from the first
};

// The `width` nodes nearest to the probe's row that are found from the seeds, sorted, without
// itself. False when there are none. Thread-safe while the links do not change.
bool FindNear(const GraphSpace& space, const GraphLinks& links, std::span<const uint32_t> seeds,
              uint32_t width, const GraphSpace::Probe& probe, std::vector<Candidate>* out);

}  // namespace sagitta::index
