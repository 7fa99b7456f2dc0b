// How large a share of a segment's rows a filter lets through, guessed from its indexes alone: for
// choosing a plan before the exact bitmap is made. Thread-safe.
#pragma once

#include "filter/evaluate.h"
#include "sagitta/filter.h"

namespace sagitta::filter {

// 0–1. Conditions count as independent; one without an index counts as 1/2. REQUIRES:
// filter.Validate() is OK.
double EstimateSelectivity(const Filter& filter, const RowSource& source);

}  // namespace sagitta::filter
