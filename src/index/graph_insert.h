// Putting nodes into a graph. Those of one call are searched for and pruned on the graph as it was
// before, the new links' reverse ones grouped by target and pruned once per target (Manohar et al.,
// "ParlayANN", PPoPP 2024). So the result does not depend on the number of threads.
//
// Not thread-safe. Others may walk the links meanwhile, of nodes put in before; see LoadLink.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "index/graph_near.h"
#include "index/graph_prune.h"
#include "index/workers.h"

namespace sagitta::index {

class GraphInserter {
 public:
  // Places of a node: while it grows it holds a quarter more links than in the end, so that it is
  // pruned once for several new ones.
  static uint32_t StrideOf(const GraphParams& params);
  // The same while all rows are put in at once, which takes fewer prunings with half as many more.
  static uint32_t BulkStrideOf(const GraphParams& params);

  // `links` has rows of `stride` numbers, kNoGraphLink where there is no link yet.
  // REQUIRES: all that is given outlives it.
  GraphInserter(const GraphSpace& space, const GraphParams& params, uint32_t* links,
                uint32_t stride)
      : space_(space), params_(params), stride_(stride), links_(links) {}

  GraphLinks links() const { return {links_, stride_}; }

  // Nodes may lead to some of `ids` already. REQUIRES: none of them has links; `seeds` are in.
  Status Insert(std::span<const uint32_t> ids, std::span<const uint32_t> seeds,
                const BuildContext& context);
  // Prunes `ids`, which hold nothing twice nor the node itself, to the links of a node.
  void Choose(uint32_t position, std::span<const uint32_t> ids, GraphSpace::Probe* probe,
              GraphPruner* pruner);
  uint32_t Count(uint32_t position) const;

 private:
  using Edge = std::pair<uint32_t, uint32_t>;  // target, source

  uint32_t* Row(uint32_t position) { return links_ + size_t{position} * stride_; }
  void Prune(const std::vector<Candidate>& candidates, GraphPruner* pruner, uint32_t position);
  Status InsertForward(std::span<const uint32_t> ids, std::span<const uint32_t> seeds,
                       const BuildContext& context);
  Status InsertReverse(std::span<const uint32_t> ids, const BuildContext& context);
  void AddLinks(uint32_t target, std::vector<uint32_t>* ids, GraphSpace::Probe* probe,
                GraphPruner* pruner);

  const GraphSpace& space_;
  const GraphParams& params_;
  const uint32_t stride_;
  uint32_t* const links_;
};

}  // namespace sagitta::index
