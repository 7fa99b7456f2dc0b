// How a query was answered, as a table for a person to read. Thread-compatible.
#pragma once

#include <ostream>

#include "sagitta/v1/query.pb.h"

namespace sagitta::cli {

void PrintExplain(const v1::QueryExplain& explain, std::ostream& out);

}  // namespace sagitta::cli
