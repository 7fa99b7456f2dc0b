// RowLayout: where the rows of a vector file lie, as its header says, checked against the file.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/byte_source.h"
#include "cli/vector_reader.h"

namespace sagitta::cli {

struct RowLayout {
  Element element = Element::kF32;
  uint32_t dim = 0;
  std::optional<uint64_t> rows;
  uint64_t data_offset = 0;
  uint32_t row_prefix = 0;  // bytes of int32 `dim` before each row (*vecs)
  bool big_endian = false;  // idx

  uint64_t row_bytes() const { return row_prefix + uint64_t{dim} * ElementBytes(element); }
};

// Each reads from the start of `source` and leaves it anywhere. DATA_LOSS or INVALID_ARGUMENT
// naming the file and what was expected.
Result<RowLayout> ParseNpyHeader(ByteSource& source);
Result<RowLayout> ParseIdxHeader(ByteSource& source);
Result<RowLayout> ParseVecsHeader(ByteSource& source, Element element);

// Checks rows × row_bytes against the file's size where that is known.
Status CheckLayout(const RowLayout& layout, const ByteSource& source);

// The dictionary of an npy header: "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }".
struct NpyDictionary {
  std::string descr;
  bool fortran_order = false;
  std::vector<uint64_t> shape;
};
Result<NpyDictionary> ParseNpyDictionary(std::string_view text);

}  // namespace sagitta::cli
