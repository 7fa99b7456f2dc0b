// How the vectors of a field are kept: in RocksDB as given (in the field's storage dtype), in
// segments as rows that kernels read (normalised for COSINE). Thread-safe, pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sagitta/schema.h"

namespace sagitta::engine {

struct FieldLayout {
  uint32_t dim = 0;
  Metric metric = Metric::kL2;
  Dtype storage = Dtype::kF32;
  Dtype row = Dtype::kF32;  // f32 for COSINE over i8/u8, whose normalised rows need fractions

  size_t row_bytes() const { return VectorBytes(row, dim); }
};

FieldLayout LayoutOf(const VectorField& field);
std::vector<FieldLayout> LayoutsOf(const CollectionSchema& schema);

// `value` in the field's storage dtype. INVALID_ARGUMENT (field "vectors.<name>"): wrong number of
// bytes or dim, NaN or infinity, elements that an integer dtype cannot hold, a squared norm over
// 1e37 (whose distances could overflow), a zero vector with COSINE; bits set beyond dim of a
// field of BITS, which takes BITS and U8 as packed bits, and of any dtype dim elements that are 0
// or 1; BITS for another field; "….adapter": the vector names an adapter, and was not mapped.
Result<VectorValue> ToStorage(const VectorField& field, VectorValue value);

// The segment row of a stored vector: row_bytes() bytes at `out`.
void WriteRow(const FieldLayout& layout, const VectorValue& stored, std::byte* out);

// The query that kernels take: dim floats, or what holds the packed bits of a field of BITS. The
// same errors as ToStorage, named `what`.
Result<std::vector<float>> ToQueryVector(const VectorField& field, const VectorValue& value,
                                         const std::string& what);

// Keys of kernels.h (smaller is closer) and scores as Metric documents them.
float KeyToScore(Metric metric, float key);
float ScoreToKey(Metric metric, float score);

}  // namespace sagitta::engine
