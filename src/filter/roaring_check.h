// Checks bytes in Roaring's portable format (github.com/RoaringBitmap/RoaringFormatSpec) before
// CRoaring, whose reader trusts the content of containers, gets to see them. Thread-safe, pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sagitta::filter {

// Whether `bytes` are exactly one well-formed bitmap of rows below `row_limit`: keys, array
// elements and runs ascend, cardinalities are true, no byte is left over.
bool IsValidPortableRoaring(std::string_view bytes, uint64_t row_limit);

}  // namespace sagitta::filter
