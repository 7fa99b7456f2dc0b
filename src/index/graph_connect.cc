#include "index/graph_connect.h"

#include "index/graph_beam.h"
#include "index/graph_near.h"

namespace sagitta::index {
namespace {

// A spanning tree of what is reached, grown node by node. A link that is not the tree's can go
// without cutting anything off; n − 1 of up to n·degree links are.
class Reach {
 public:
  Reach(BuiltGraph* graph, uint32_t degree)
      : graph_(*graph), degree_(degree), parent_(graph->links.size() / degree, kNoGraphLink) {}

  bool reached(uint32_t position) const { return parent_[position] != kNoGraphLink; }

  // REQUIRES: not reached yet. Follows all links from there.
  void Walk(uint32_t position, uint32_t parent) {
    parent_[position] = parent;
    stack_.push_back(position);
    while (!stack_.empty()) {
      const uint32_t at = stack_.back();
      stack_.pop_back();
      const uint32_t* row = Row(at);
      for (uint32_t i = 0; i < degree_ && row[i] != kNoGraphLink; ++i) {
        if (reached(row[i])) continue;
        parent_[row[i]] = at;
        stack_.push_back(row[i]);
      }
    }
  }

  // Links from → to, or says that every link there is the tree's.
  bool Attach(uint32_t from, uint32_t to) {
    uint32_t* row = Row(from);
    uint32_t place = 0;
    while (place < degree_ && row[place] != kNoGraphLink) ++place;
    if (place == degree_) {
      while (place > 0 && parent_[row[place - 1]] == from) --place;
      if (place == 0) return false;
      --place;
    }
    row[place] = to;
    Walk(to, from);
    return true;
  }

 private:
  uint32_t* Row(uint32_t position) { return graph_.links.data() + size_t{position} * degree_; }

  BuiltGraph& graph_;
  const uint32_t degree_;
  std::vector<uint32_t> parent_;  // kNoGraphLink = not reached; the root is its own
  std::vector<uint32_t> stack_;
};

}  // namespace

Status ConnectGraph(const GraphSpace& space, const GraphParams& params, const BuildContext& context,
                    BuiltGraph* graph) {
  Reach reach(graph, params.degree);
  reach.Walk(graph->seeds[0], graph->seeds[0]);
  GraphSpace::Probe probe(space);
  std::vector<Candidate> near;
  // Searched from the first seed alone: only what it leads to is of use.
  std::vector<uint32_t> seeds;
  seeds.swap(graph->seeds);
  graph->seeds = {seeds[0]};
  Status status;
  uint32_t fallback = 0;
  for (uint32_t node = 0; node < space.n() && status.ok(); ++node) {
    if (reach.reached(node)) continue;
    status = context.cancel.Check();
    probe.Set(node);
    bool attached = false;
    const GraphLinks links{graph->links.data(), params.degree};
    if (FindNear(space, links, graph->seeds, params.build_width, probe, &near)) {
      for (size_t i = 0; i < near.size() && !attached; ++i) {
        attached = reach.Attach(near[i].position, node);
      }
    }
    // Some reached node has a place: the tree has fewer links than places.
    for (; !attached; fallback = (fallback + 1) % static_cast<uint32_t>(space.n())) {
      attached = reach.reached(fallback) && reach.Attach(fallback, node);
    }
  }
  graph->seeds.swap(seeds);
  return status;
}

}  // namespace sagitta::index
