// From candidates by codes to answers by stored vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/vector_index.h"

namespace sagitta::index {

// How many candidates a query for k takes: k × the query's oversampling, else the index's.
size_t CandidateCount(const IndexQuery& query, float oversampling, size_t n);

// Asks for rows of a mapped file that are about to be read.
void AskForRows(const VectorRows& rows, const uint32_t* ids, size_t n);

// The k best of the candidates, whose keys are not looked at. They are sorted by position, so that
// rows on disk are read in order; `distances` is increased by their number. CANCELLED or
// DEADLINE_EXCEEDED end it early.
Status Rerank(const VectorRows& rows, const IndexQuery& query, std::vector<Candidate>* candidates,
              std::vector<Candidate>* out, uint64_t* distances);

}  // namespace sagitta::index
