// Kernels over quantized rows, chosen once per process; code_table.h says what a row and a query
// are. All functions are thread-safe and never fail.
#pragma once

#include "kernels/code_table.h"
#include "kernels/kernels.h"

namespace sagitta::kernels {

// DO NOT CHANGE: stored, and the place in a CodeTable.
enum class CodeKind : uint32_t { kByte = 0, kNibble = 1, kBit = 2 };

// Of ActiveLevel(). The table lives as long as the process.
const CodeTable& Codes();
// REQUIRES: level is in AvailableLevels().
const CodeTable& CodesAt(Level level);

}  // namespace sagitta::kernels
