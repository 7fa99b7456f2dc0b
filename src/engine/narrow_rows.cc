#include "engine/narrow_rows.h"

#include <algorithm>

namespace sagitta::engine {

bool MayNarrowTo(const FieldLayout& layout, Dtype dtype) {
  switch (dtype) {
    case Dtype::kU8:
    case Dtype::kI8:
    case Dtype::kF16:
      return DtypeBytes(dtype) < DtypeBytes(layout.row);
    default:
      return false;
  }
}

NarrowRows::NarrowRows(const FieldLayout& layout)
    : dim_(layout.dim), own_(layout.row), values_(dim_), back_(dim_), narrow_(layout.row_bytes()) {
  for (const Dtype dtype : {Dtype::kU8, Dtype::kI8, Dtype::kF16}) {
    if (MayNarrowTo(layout, dtype)) candidates_.push_back(dtype);
  }
}

void NarrowRows::Add(Dtype dtype, const std::byte* row) {
  kernels::ToFloat(dtype)(row, values_.data(), dim_);
  std::erase_if(candidates_, [&](Dtype candidate) { return !Holds(candidate); });
}

// Integers round and saturate on the way there, so what comes back is the same only where they
// hold it.
bool NarrowRows::Holds(Dtype dtype) {
  kernels::FromFloat(dtype)(values_.data(), narrow_.data(), dim_);
  kernels::ToFloat(dtype)(narrow_.data(), back_.data(), dim_);
  return std::equal(values_.begin(), values_.end(), back_.begin());
}

RowConverter::RowConverter(uint32_t dim, Dtype to)
    : to_(to), values_(dim), out_(VectorBytes(to, dim)) {}

const std::byte* RowConverter::operator()(Dtype from, const std::byte* row) {
  if (from == to_) return row;
  kernels::ToFloat(from)(row, values_.data(), values_.size());
  kernels::FromFloat(to_)(values_.data(), out_.data(), values_.size());
  return out_.data();
}

}  // namespace sagitta::engine
