// The tuner: measures ways to store a field on a sample of its rows, a few in full and the others
// only as far as it takes to see that they are not among the best.
#pragma once

#include <functional>

#include "base/memory_budget.h"
#include "engine/collection_core.h"
#include "sagitta/tune.h"

namespace sagitta::compactor {

// As Collection::RecommendStorage. `memory` decides where the request gives neither budget nor
// target.
Result<StorageReport> RecommendStorage(const engine::CollectionCore& collection,
                                       const StorageRequest& request,
                                       const base::MemoryBudget& memory, const CancelToken& cancel,
                                       const std::function<void(double)>& progress);

// INVALID_ARGUMENT naming the field of the request.
Status CheckStorageRequest(const StorageRequest& request);

// Best first: those that are in the budget and reach the target before those that do not. With a
// target the one of the least memory is best, else the fastest of those that find what the best
// finds less 0.005, or less 0.015 in a tenth of the time that all of these take. Sets in_budget,
// reaches_target and pareto.
void RankStorage(const StorageRequest& request, uint64_t rows, uint64_t budget_bytes,
                 std::vector<StorageOption>* options);

}  // namespace sagitta::compactor
