// Dense matrices for training, and the products and decompositions that it needs (by BLAS and
// LAPACK). Value types; functions are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sagitta/status.h"

namespace sagitta::learn {

// n × dim, row-major, of memory that somebody else keeps.
struct RowsView {
  const float* values = nullptr;
  size_t n = 0;
  size_t dim = 0;

  const float* row(size_t i) const { return values + i * dim; }
  bool empty() const { return n == 0; }
  RowsView Slice(size_t first, size_t count) const { return {row(first), count, dim}; }
};

// n × dim, row-major.
struct Matrix {
  Matrix() = default;
  Matrix(size_t rows, size_t columns) : n(rows), dim(columns), values(rows * columns) {}

  // Any contents; memory is kept.
  void Resize(size_t rows, size_t columns);
  float* row(size_t i) { return values.data() + i * dim; }
  const float* row(size_t i) const { return values.data() + i * dim; }
  operator RowsView() const { return {values.data(), n, dim}; }  // NOLINT: a view of it

  size_t n = 0, dim = 0;
  std::vector<float> values;
};

// out = scale·a·b + keep·out, of the sizes that a and b give. With keep = 0 `out` is resized.
// In names, T is for a transposed factor. REQUIRES: inner sizes agree; out is neither factor.
void Multiply(RowsView a, RowsView b, Matrix* out, float scale = 1, float keep = 0);   // a·b
void MultiplyT(RowsView a, RowsView b, Matrix* out, float scale = 1, float keep = 0);  // a·bᵀ
void TMultiply(RowsView a, RowsView b, Matrix* out, float scale = 1, float keep = 0);  // aᵀ·b

// The matrix x for which a·x = b, of a symmetric positive definite `a`, n × n; b is n × k.
// FAILED_PRECONDITION when it is not, to the precision of floats.
Result<Matrix> SolvePositive(RowsView a, RowsView b);

// The matrix with orthonormal rows or columns (whichever are fewer) that is nearest to `a`:
// U·Vᵀ of a = U·S·Vᵀ.
Result<Matrix> NearestOrthogonal(RowsView a);

// Of every column.
std::vector<float> MeanOfColumns(RowsView rows);
// Divides every row by its length; zeros stay.
void NormaliseRows(Matrix* rows);
// The rows whose numbers are given, one after the other.
Matrix Gather(RowsView rows, const std::vector<uint32_t>& numbers);

// INVALID_ARGUMENT naming `field` where a number is not finite.
Status CheckFinite(RowsView rows, const std::string& field);

// While this lives, BLAS uses that many threads, in the whole process; 0 leaves it as it is. Has no
// effect on a BLAS that is not OpenBLAS.
class BlasThreads {
 public:
  explicit BlasThreads(uint32_t threads);
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

 private:
  int before_ = 0;
};

}  // namespace sagitta::learn
