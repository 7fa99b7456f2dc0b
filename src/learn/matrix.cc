#include "learn/matrix.h"

#include <cblas.h>
#include <dlfcn.h>

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"

// LAPACK, as Fortran has it: column-major, everything by address.
extern "C" {
void sposv_(const char* uplo, const int* n, const int* columns, float* a, const int* lda, float* b,
            const int* ldb, int* info);
void sgesdd_(const char* job, const int* m, const int* n, float* a, const int* lda, float* s,
             float* u, const int* ldu, float* vt, const int* ldvt, float* work, const int* lwork,
             int* iwork, int* info);
}

namespace sagitta::learn {
namespace {

void Product(bool transpose_a, bool transpose_b, RowsView a, RowsView b, Matrix* out, float scale,
             float keep) {
  const size_t m = transpose_a ? a.dim : a.n;
  const size_t k = transpose_a ? a.n : a.dim;
  const size_t n = transpose_b ? b.n : b.dim;
  if (keep == 0.0f) out->Resize(m, n);
  if (m == 0 || n == 0) return;
  const auto whole = [](size_t size) { return static_cast<int>(std::max<size_t>(size, 1)); };
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
              transpose_b ? CblasTrans : CblasNoTrans, whole(m), whole(n), static_cast<int>(k),
              scale, a.values, whole(a.dim), b.values, whole(b.dim), keep, out->values.data(),
              whole(out->dim));
}

Matrix Transposed(RowsView a) {
  Matrix out(a.dim, a.n);
  for (size_t i = 0; i < a.n; ++i) {
    for (size_t j = 0; j < a.dim; ++j) out.row(j)[i] = a.row(i)[j];
  }
  return out;
}

using SetThreadsFn = void (*)(int);
using GetThreadsFn = int (*)();

// Looked up by name: another BLAS may stand in for OpenBLAS, and lacks them.
template <typename Fn>
Fn FindInBlas(const char* name) {
  return reinterpret_cast<Fn>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

void Matrix::Resize(size_t rows, size_t columns) {
  n = rows;
  dim = columns;
  values.resize(rows * columns);
}

void Multiply(RowsView a, RowsView b, Matrix* out, float scale, float keep) {
  Product(false, false, a, b, out, scale, keep);
}
void MultiplyT(RowsView a, RowsView b, Matrix* out, float scale, float keep) {
  Product(false, true, a, b, out, scale, keep);
}
void TMultiply(RowsView a, RowsView b, Matrix* out, float scale, float keep) {
  Product(true, false, a, b, out, scale, keep);
}

Result<Matrix> SolvePositive(RowsView a, RowsView b) {
  // Symmetric, so that `a` is its own transpose; b's and the answer's columns are rows here.
  std::vector<float> factor(a.values, a.values + a.n * a.n);
  Matrix columns = Transposed(b);
  const auto n = static_cast<int>(a.n), k = static_cast<int>(b.dim);
  int info = 0;
  sposv_("U", &n, &k, factor.data(), &n, columns.values.data(), &n, &info);
  if (info != 0) return Status::FailedPrecondition("a matrix to solve is not positive definite");
  return Transposed(columns);
}

Result<Matrix> NearestOrthogonal(RowsView a) {
  // Row-major `a` is column-major aᵀ = V·S·Uᵀ: what comes back first is V, then Uᵀ.
  const auto m = static_cast<int>(a.dim), n = static_cast<int>(a.n), k = std::min(m, n);
  std::vector<float> copy(a.values, a.values + a.n * a.dim);
  std::vector<float> singular(static_cast<size_t>(k));
  Matrix v(static_cast<size_t>(k), a.dim), u(a.n, static_cast<size_t>(k));  // as rows: Vᵀ and U
  std::vector<int> whole(8 * static_cast<size_t>(k));
  float size = 0;
  int info = 0, ask = -1;
  sgesdd_("S", &m, &n, copy.data(), &m, singular.data(), v.values.data(), &m, u.values.data(), &k,
          &size, &ask, whole.data(), &info);
  std::vector<float> work(static_cast<size_t>(size) + 1);
  const auto length = static_cast<int>(work.size());
  sgesdd_("S", &m, &n, copy.data(), &m, singular.data(), v.values.data(), &m, u.values.data(), &k,
          work.data(), &length, whole.data(), &info);
  if (info != 0) return Status::Internal("singular values did not converge");
  Matrix out;
  Multiply(u, v, &out);
  return out;
}

std::vector<float> MeanOfColumns(RowsView rows) {
  std::vector<double> sums(rows.dim);
  for (size_t i = 0; i < rows.n; ++i) {
    for (size_t d = 0; d < rows.dim; ++d) sums[d] += rows.row(i)[d];
  }
  std::vector<float> mean(rows.dim);
  const auto count = static_cast<double>(std::max<size_t>(rows.n, 1));
  for (size_t d = 0; d < rows.dim; ++d) mean[d] = static_cast<float>(sums[d] / count);
  return mean;
}

void NormaliseRows(Matrix* rows) {
  for (size_t i = 0; i < rows->n; ++i) {
    float* row = rows->row(i);
    const float length = std::sqrt(kernels::SquaredNorm(row, rows->dim));
    if (!(length > 0.0f)) continue;
    for (size_t d = 0; d < rows->dim; ++d) row[d] /= length;
  }
}

Matrix Gather(RowsView rows, const std::vector<uint32_t>& numbers) {
  Matrix out(numbers.size(), rows.dim);
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::copy_n(rows.row(numbers[i]), rows.dim, out.row(i));
  }
  return out;
}

Status CheckFinite(RowsView rows, const std::string& field) {
  for (size_t i = 0; i < rows.n; ++i) {
    if (kernels::AllFinite(rows.row(i), rows.dim)) continue;
    return Status::InvalidArgument(field + "[" + std::to_string(i) + "]",
                                   "has a number that is not finite");
  }
  return Status();
}

BlasThreads::BlasThreads(uint32_t threads) {
  const auto set = FindInBlas<SetThreadsFn>("openblas_set_num_threads");
  const auto get = FindInBlas<GetThreadsFn>("openblas_get_num_threads");
  if (threads == 0 || set == nullptr || get == nullptr) return;
  before_ = get();
  set(static_cast<int>(threads));
}

BlasThreads::~BlasThreads() {
  if (before_ > 0) FindInBlas<SetThreadsFn>("openblas_set_num_threads")(before_);
}

}  // namespace sagitta::learn
