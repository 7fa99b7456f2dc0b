// How good answers are: recall@k and k-NN label accuracy. Thread-safe, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/vector_reader.h"
#include "sagitta/v1/query.pb.h"

namespace sagitta::cli {

// The share of the true k nearest that `got` has. Hits that score as well as the k-th true one
// count too: among equals the choice is free. 1 when `truth` is empty.
double RecallAgainst(const v1::QueryResponse& truth, const v1::QueryResponse& got, uint32_t k);

// Against the first k ids of a row of a ground-truth file.
double RecallAgainst(const VectorBlock& truth, size_t row, const v1::QueryResponse& got,
                     uint32_t k);

// The label most of the hits have at payload path `key`; among equals the one whose first hit is
// nearest. Nothing when no hit has an integer there.
std::optional<int64_t> VoteLabel(const v1::QueryResponse& response, const std::string& key);

}  // namespace sagitta::cli
