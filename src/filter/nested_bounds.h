// What payload indexes know about a condition, alone or nested. Thread-safe, pure.
#pragma once

#include <set>
#include <string>

#include "filter/evaluate.h"
#include "filter/row_bounds.h"

namespace sagitta::filter {

// Bounds of `leaf` by the index on `path`, which may be null. Adds the path to `asked` where an
// index of the condition's own kind would say more.
RowBounds BoundLeaf(const Filter& leaf, const std::string& path, const PayloadIndexData* index,
                    size_t rows, std::set<std::string>* asked);

// Bounds of `nested` (of kNested) from the indexes on the paths of its objects ("path.inner"). A
// row that has one object with a = 1 and b = 2 has a = 1 somewhere and b = 2 somewhere, so that the
// rows of both are the only ones to check. One condition alone, or any of several, is the same
// question for the objects as for the row, and is answered outright.
// Adds to `asked` the paths whose index would narrow it further, and its own path where no index
// could narrow it at all.
RowBounds BoundNested(const Filter& nested, const RowSource& source, std::set<std::string>* asked);

}  // namespace sagitta::filter
