// Filters of a job, as JSON, for the embedded library: the subset of the `sagitta` tool's --filter
// that the comparison uses.
#pragma once

#include <nlohmann/json.hpp>

#include "sagitta/filter.h"

namespace sagitta::bench {

//   {"and": [F, …]}  {"eq": {"path": "a", "value": 3}}  {"in": {"path": "a", "values": [1, 2]}}
//   {"range": {"path": "a", "gte": 1, "lt": 5}}         gte and lt may each be left out
// Ends the program with a message on anything else.
Filter FilterFromJson(const nlohmann::json& json);

}  // namespace sagitta::bench
