#include "index/graph_search.h"

namespace sagitta::index {

GraphIndex::GraphIndex(const VectorRows& rows, GraphSections graph, const GraphParams& params)
    : graph_(std::move(graph)), transform_(graph_.MakeTransform()), code_bits_(params.code_bits) {
  view_.rows = rows;
  view_.links = graph_.links();
  view_.linked = view_.encoded = rows.n;
  view_.seeds = graph_.seeds();
  view_.ef_search = params.ef_search;
  view_.usual_width = graph_.usual_width();
  view_.oversampling = params.oversampling;
  if (!graph_.has_codes()) return;
  view_.codes = graph_.codes();
  view_.format = graph_.format();
  view_.transform = &transform_;
  seed_codes_ = SeedCodes(view_.codes, view_.format.row_bytes(), view_.seeds);
  view_.seed_codes = seed_codes_.data();
}

IndexBytes GraphIndex::Bytes() const {
  const uint32_t dim = view_.rows.dim;
  const bool rotated = graph_.has_codes() && transform_.dims() == dim;
  return {.memory_codes = seed_codes_.size() + (rotated ? 4 * dim * sizeof(float) : 0),
          .memory_links = sizeof(*this),
          .mapped_codes = graph_.code_bytes(),
          .mapped_links = graph_.link_bytes()};
}

}  // namespace sagitta::index
