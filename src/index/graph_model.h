// What a graph's codes are codes of: centred rows, rotated, or projected onto the directions in
// which they differ most. A graph without codes compares stored vectors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "index/graph_codes.h"
#include "index/graph_projection.h"
#include "codec/rotation.h"
#include "index/vector_index.h"

namespace sagitta::index {

// DO NOT CHANGE THE VALUES: stored.
enum class GraphTransform : uint32_t {
  kNone = 0,        // no codes
  kRotation = 1,    // as many dimensions as the rows have
  kProjection = 2,  // fewer
};

// The transform as a search needs it: a view. Immutable, thread-safe.
class QueryTransform {
 public:
  QueryTransform() = default;
  QueryTransform(GraphTransform kind, uint32_t dim, uint32_t dims, uint64_t seed,
                 std::span<const float> mean, std::span<const uint8_t> matrix);

  // y = the transform of (query − mean), `dims` floats. A projection is computed from the matrix's
  // codes, with an error of about 1 % of y; codes of rows were made without it.
  void Apply(const float* query, CodeQueryBuffer* buffer, std::vector<float>* centred,
             float* y) const;
  uint32_t dims() const { return dims_; }
  // Of a projection's matrix: kByte codes of `dim` numbers.
  static CodeFormat MatrixFormat(uint32_t dim) { return {kernels::CodeKind::kByte, dim}; }

 private:
  GraphTransform kind_ = GraphTransform::kNone;
  uint32_t dim_ = 0;
  uint32_t dims_ = 0;
  std::optional<codec::Rotation> rotation_;
  std::span<const float> mean_;
  std::span<const uint8_t> matrix_;
};

// The transform as building needs it, and what is stored of it.
struct GraphModel {
  GraphTransform transform = GraphTransform::kNone;
  kernels::CodeKind kind = kernels::CodeKind::kNibble;
  uint32_t dim = 0;
  uint32_t dims = 0;
  uint32_t code_bits = 0;  // as asked for
  uint64_t seed = 1;
  std::vector<float> mean;   // dim
  std::vector<float> basis;  // dims × dim, of a projection
  AlignedBytes matrix;       // codes of the basis
  // Candidates that a search of such rows needs, as measured on a graph of them: graph_width.h. 0 =
  // not known.
  uint32_t usual_width = 0;

  CodeFormat Format() const { return {kind, dims}; }
  CodeFormat BuildFormat() const { return {kernels::CodeKind::kByte, dims}; }
  // y = the transforms of n vectors, one after the other, in `centred`, which is left changed.
  void Apply(const codec::Rotation* rotation, float* centred, size_t n, float* y) const;
};

// Chooses for these rows. `code_bits` is 8, 4 or 1. Metrics and dimensions that codes do not suit,
// and rows whose nearest neighbours codes do not tell apart (measured on a sample), get codes of
// more bits, or none.
Status TrainGraphModel(const VectorRows& rows, uint32_t code_bits, const BuildContext& context,
                       GraphModel* out);

// Whether TrainGraphModel on these rows would hardly give a better one: it was trained for the same
// `code_bits`, and its codes tell these rows' neighbours apart.
bool GraphModelSuits(const GraphModel& model, const VectorRows& rows, uint32_t code_bits);

}  // namespace sagitta::index
