// Fills in how a match condition splits text, from the schema. A condition means the same in every
// segment then, also in one where the index is not made yet. Thread-safe, pure.
#pragma once

#include <optional>
#include <vector>

#include "sagitta/filter.h"
#include "sagitta/schema.h"

namespace sagitta::filter {

// `filter` with the settings of the TEXT index on its path in each match condition that has none of
// its own; nothing where there is nothing to fill in.
std::optional<Filter> BindText(const Filter& filter, const std::vector<PayloadIndex>& indexes);

}  // namespace sagitta::filter
