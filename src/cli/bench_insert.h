// `sagitta bench insert`, a part of the bench group.
#pragma once

#include "cli/session.h"
#include "cli/vector_reader.h"

namespace sagitta::cli {

void AddBenchInsert(CLI::App& group, Commands& commands);

// The rows of a block, over and over, until `rows` have been read.
std::unique_ptr<VectorReader> RepeatBlock(VectorBlock block, uint64_t rows);

}  // namespace sagitta::cli
