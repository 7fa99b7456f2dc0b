// Codecs that put the transform of a vector on a grid: all but the floats.
//
// A row is the grid's code, the factor and |x − mean|² of RowLayout. The vector stands for
// mean + Tᵀ·(factor · values).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/codec.h"
#include "codec/grid.h"
#include "codec/transform.h"

namespace sagitta::codec {

// DO NOT CHANGE THE VALUES: stored.
enum class RowFactor : uint8_t {
  kNone = 0,
  // The largest magnitude of y = T·(x − mean): the grid is over −1…1, the factor scales it.
  kLargest = 1,
  // |x − mean|² / (y · values): the estimate of a dot product with the row is then unbiased where
  // the error has a random direction (RaBitQ, Theorem 3.2).
  kUnbiased = 2,
};

struct GridModel {
  CodecKind kind = CodecKind::kScalar;
  Metric metric = Metric::kL2;
  RowFactor factor = RowFactor::kNone;
  Transform transform;
  Grid grid;        // of transform.out() dimensions
  float scale = 1;  // y / scale is put on the grid; > 0, and 1 without a factor to undo it
};

// Takes the model as it is. REQUIRES: grid.dims() == transform.out().
std::unique_ptr<Codec> MakeGridCodec(GridModel model);
// Of kinds kScalar … kAllocated; null on malformed bytes.
std::unique_ptr<Codec> DeserializeGridCodec(CodecKind kind, Metric metric, uint32_t dim,
                                            CodecFormat format, std::string_view& in);
// REQUIRES: the spec was checked.
Result<GridModel> TrainGrid(const CodecSpec& spec, const float* rows, size_t n, uint32_t dim,
                            const CancelToken& cancel);

}  // namespace sagitta::codec
