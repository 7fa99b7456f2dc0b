#include "engine/graph_takeover.h"

#include "index/growing_graph.h"

namespace sagitta::engine {
namespace {

using Sources = std::span<const std::shared_ptr<Segment>>;
using Rows = std::span<const SourceRow>;

// Links made under other settings are not those that were asked for; wider searches only make
// better ones.
bool Serves(const GraphParams& grown, const GraphParams& wanted) {
  return grown.degree == wanted.degree && grown.alpha == wanted.alpha &&
         grown.build_width >= wanted.build_width;
}

}  // namespace

std::optional<GraphTakeover> FindTakeover(Sources sources, Rows rows, uint16_t field,
                                          const GraphParams& params) {
  std::vector<size_t> linked(sources.size(), 0);  // rows below are in the source's graph
  std::vector<size_t> count(sources.size(), 0);
  for (size_t s = 0; s < sources.size(); ++s) {
    const index::GrowingGraph* graph = sources[s]->graph(field);
    if (graph == nullptr || !graph->started() || !Serves(graph->params(), params)) continue;
    linked[s] = graph->linked();
  }
  for (const SourceRow& r : rows) count[r.source] += r.row < linked[r.source] ? 1 : 0;
  std::optional<GraphTakeover> best;
  for (uint32_t s = 0; s < sources.size(); ++s) {
    if (count[s] > (best.has_value() ? best->rows : 0)) best = {s, count[s]};
  }
  return best;
}

index::GraphStart StartOf(const GraphTakeover& takeover, Sources sources, Rows rows, uint16_t field,
                          uint32_t vectors) {
  const Segment& source = *sources[takeover.source];
  std::vector<uint32_t> position_of(source.rows(), index::kNoGraphLink);
  uint32_t position = 0;
  for (const SourceRow& r : rows) {
    const bool ours = r.source == takeover.source;
    if (sources[r.source]->HasAbsent(field) && sources[r.source]->vector(field, r.row) == nullptr) {
      continue;
    }
    if (ours) position_of[r.row] = position;
    ++position;
  }
  return source.graph(field)->StartOf(position_of, vectors);
}

}  // namespace sagitta::engine
