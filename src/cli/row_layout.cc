#include "cli/row_layout.h"

#include <cstring>

namespace sagitta::cli {
namespace {

Result<Element> IdxElement(unsigned char type, const std::string& path) {
  switch (type) {
    case 0x08:
      return Element::kU8;
    case 0x09:
      return Element::kI8;
    case 0x0c:
      return Element::kI32;
    case 0x0d:
      return Element::kF32;
    case 0x0e:
      return Element::kF64;
    default:
      break;
  }
  return Status::InvalidArgument(
      "", path + ": idx element type " + std::to_string(type) +
              " is not taken; allowed are 8 (u8), 9 (i8), 12 (i32), 13 (f32), 14 (f64)");
}

Status BadRowSize(const ByteSource& source, std::string_view format, int64_t dim) {
  return Status::InvalidArgument("", source.path() + ": " + std::string(format) + " rows of " +
                                         std::to_string(dim) + " elements; allowed are 1 to " +
                                         std::to_string(kMaxRowElements));
}

}  // namespace

Result<RowLayout> ParseIdxHeader(ByteSource& source) {
  unsigned char magic[4];
  SAGITTA_RETURN_IF_ERROR(source.ReadExactly(magic, 4, "the idx magic"));
  if (magic[0] != 0 || magic[1] != 0 || magic[3] < 1 || magic[3] > 8) {
    return Status::InvalidArgument(
        "", source.path() + ": does not start with an idx magic (0, 0, type, 1–8 dimensions)");
  }
  RowLayout layout;
  SAGITTA_ASSIGN_OR_RETURN(layout.element, IdxElement(magic[2], source.path()));
  layout.big_endian = true;
  uint64_t dim = 1;
  for (int i = 0; i < magic[3]; ++i) {
    unsigned char be[4];
    SAGITTA_RETURN_IF_ERROR(source.ReadExactly(be, 4, "an idx dimension"));
    const uint64_t size = uint64_t{be[0]} << 24 | be[1] << 16 | be[2] << 8 | be[3];
    if (i == 0) {
      layout.rows = size;
      continue;
    }
    dim *= size;  // below 2^16 × 2^32
    if (dim == 0 || dim > kMaxRowElements) {
      return BadRowSize(source, "idx", static_cast<int64_t>(dim));
    }
  }
  layout.dim = static_cast<uint32_t>(dim);
  layout.data_offset = source.offset();
  return layout;
}

Result<RowLayout> ParseVecsHeader(ByteSource& source, Element element) {
  RowLayout layout;
  layout.element = element;
  layout.row_prefix = 4;
  int32_t dim = 0;
  SAGITTA_ASSIGN_OR_RETURN(const size_t got, source.Read(&dim, sizeof(dim)));
  if (got == 0) {
    return Status::DataLoss(source.path() + ": is empty; a *vecs file has at least one row");
  }
  if (got < sizeof(dim)) {
    return Status::DataLoss(source.path() + ": truncated: 4 bytes of row size are expected first");
  }
  if (dim < 1 || static_cast<uint64_t>(dim) > kMaxRowElements) {
    return BadRowSize(source, "*vecs", dim);
  }
  layout.dim = static_cast<uint32_t>(dim);
  if (source.size()) {
    if (*source.size() % layout.row_bytes() != 0) {
      return Status::DataLoss(source.path() + ": " + std::to_string(*source.size()) +
                              " bytes are not a whole number of rows of " +
                              std::to_string(layout.row_bytes()) + " bytes (4 + " +
                              std::to_string(dim) + " elements): truncated or of mixed sizes");
    }
    layout.rows = *source.size() / layout.row_bytes();
  }
  return layout;
}

Status CheckLayout(const RowLayout& layout, const ByteSource& source) {
  if (!layout.rows || !source.size()) return Status::Ok();
  const uint64_t available = *source.size() - layout.data_offset;
  // Divided, not multiplied: the header's row count may be anything.
  if (*layout.rows > available / layout.row_bytes()) {
    return Status::DataLoss(source.path() + ": truncated: the header says " +
                            std::to_string(*layout.rows) + " rows of " +
                            std::to_string(layout.row_bytes()) + " bytes, the file has " +
                            std::to_string(available) + " bytes after its header");
  }
  if (*layout.rows * layout.row_bytes() != available) {
    return Status::InvalidArgument(
        "", source.path() + ": the header says " + std::to_string(*layout.rows) + " rows of " +
                std::to_string(layout.row_bytes()) + " bytes, the file has " +
                std::to_string(available) + " bytes after its header: too many");
  }
  return Status::Ok();
}

}  // namespace sagitta::cli
