// Exact answers, what recall is measured against: queries by full scan, in batches, which the
// server reads its rows once for. Thread-compatible.
#pragma once

#include <functional>
#include <vector>

#include "cli/connection.h"

namespace sagitta::cli {

// Sends `requests` as QueryBatch calls without index parameters, over `clients` connections. `tick`
// gets the number of queries answered, on the calling thread. responses[i] is requests[i]'s.
Outcome FindExactAnswers(const Connection& connection,
                         const std::vector<v1::QueryRequest>& requests, size_t clients,
                         const std::function<void(uint64_t)>& tick,
                         std::vector<v1::QueryResponse>* responses);

}  // namespace sagitta::cli
