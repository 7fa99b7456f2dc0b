// How many candidates a graph's searches need: measured on its own rows when it is built, as what
// is enough differs from set to set by more than a factor of ten.
#pragma once

#include <cstdint>

#include "index/graph_build.h"
#include "index/graph_model.h"
#include "index/workers.h"

namespace sagitta::index {

// What searches of the usual width are to find of the nearest.
inline constexpr double kUsualGraphRecall = 0.99;

// The least of 16, 24, 32, 48 … 512 with which searches from 100 rows, each taken for missing, find
// that share of their ten nearest others; 512 where none does. 0 for fewer than 1,000 rows. `codes`
// are those that are stored, empty without codes.
Status MeasureGraphWidth(const VectorRows& rows, const GraphParams& params, const GraphModel& model,
                         const BuiltGraph& graph, const AlignedBytes& codes,
                         const BuildContext& context, uint32_t* width);

}  // namespace sagitta::index
