// What a new segment takes over of the graphs that have grown over its sources' rows. Pure,
// thread-safe: the graphs may go on growing meanwhile.
#pragma once

#include <optional>
#include <span>

#include "engine/segment_writer.h"
#include "index/graph_start.h"

namespace sagitta::engine {

struct GraphTakeover {
  uint32_t source = 0;
  size_t rows = 0;  // of the new segment, that are in the source's graph
};

// Of the source in whose graph most of `rows` are; none where no source has a graph that will do
// for `params`.
std::optional<GraphTakeover> FindTakeover(std::span<const std::shared_ptr<Segment>> sources,
                                          std::span<const SourceRow> rows, uint16_t field,
                                          const GraphParams& params);

// Its links, for the graph of the `vectors` rows that have the field.
index::GraphStart StartOf(const GraphTakeover& takeover,
                          std::span<const std::shared_ptr<Segment>> sources,
                          std::span<const SourceRow> rows, uint16_t field, uint32_t vectors);

}  // namespace sagitta::engine
