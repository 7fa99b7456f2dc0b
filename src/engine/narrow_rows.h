// The narrowest elements that hold a field's vectors exactly: pixels and descriptors are small
// integers, embeddings often come from models that compute in f16. Distances stay what they were,
// for a half or a quarter of the bytes.
#pragma once

#include <vector>

#include "engine/field_layout.h"
#include "kernels/kernels.h"

namespace sagitta::engine {

class NarrowRows {
 public:
  explicit NarrowRows(const FieldLayout& layout);

  // Whether a row may yet be added that makes a difference.
  bool open() const { return !candidates_.empty(); }
  // `row`: dim elements of the layout's row dtype, or of a narrower one.
  void Add(Dtype dtype, const std::byte* row);
  // That hold every row added; the layout's own where no narrower one does. Of two with as many
  // bytes the unsigned one.
  Dtype dtype() const { return open() ? candidates_.front() : own_; }

 private:
  bool Holds(Dtype dtype);

  const uint32_t dim_;
  const Dtype own_;
  std::vector<Dtype> candidates_;  // narrowest first
  std::vector<float> values_, back_;
  std::vector<std::byte> narrow_;
};

// Whether a field of this layout may be kept in rows of `dtype`.
bool MayNarrowTo(const FieldLayout& layout, Dtype dtype);

// Turns rows of one dtype into rows of another that holds them exactly.
class RowConverter {
 public:
  RowConverter(uint32_t dim, Dtype to);
  // dim elements of `to`, good until the next call; `row` itself where nothing is to be done.
  const std::byte* operator()(Dtype from, const std::byte* row);

 private:
  const Dtype to_;
  std::vector<float> values_;
  std::vector<std::byte> out_;
};

}  // namespace sagitta::engine
