// Which of many candidates become the links of a node ("robust pruning" of Jayaram Subramanya et
// al., "DiskANN", NeurIPS 2019): near ones first, and none to which an earlier one leads already.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "index/graph_space.h"

namespace sagitta::index {

// Not thread-safe: one per thread.
class GraphPruner {
 public:
  GraphPruner(const GraphSpace& space, uint32_t degree, float alpha)
      : probe_(space), degree_(degree), alpha_(alpha) {}

  // Chooses at most `degree` of `candidates`, which are sorted by their key to the node and hold
  // neither the node nor anything twice. Their positions, until the next call.
  std::span<const uint32_t> Prune(const std::vector<Candidate>& candidates);

 private:
  // One that a chosen one covers, but not by alpha.
  struct Second {
    float key;  // to the node
    uint32_t position;
    uint32_t compared;  // with how many of the links
    auto operator<=>(const Second&) const = default;
  };

  void ChooseDifferent(const std::vector<Candidate>& candidates);
  void ChooseMore();

  GraphSpace::Probe probe_;
  const uint32_t degree_;
  const float alpha_;
  std::vector<uint32_t> links_;
  std::vector<uint32_t> ids_, places_;  // of the candidates that none covers yet, in order
  std::vector<float> keys_;             // to the one looked at
  std::vector<Second> second_;
};

}  // namespace sagitta::index
