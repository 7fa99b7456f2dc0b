#include "learn/objectives.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/kernels.h"

namespace sagitta::learn {
namespace {

// Rows of length 1, and the lengths they had.
struct Directions {
  explicit Directions(const Matrix& rows) : unit(rows), length(rows.n) {
    for (size_t i = 0; i < rows.n; ++i) {
      length[i] = std::sqrt(std::max(kernels::SquaredNorm(rows.row(i), rows.dim), 1e-20f));
      for (size_t d = 0; d < rows.dim; ++d) unit.row(i)[d] /= length[i];
    }
  }
  // From the gradient by directions to that by the rows.
  void AddBack(const Matrix& by_unit, float weight, Matrix* by_rows) const {
    for (size_t i = 0; i < unit.n; ++i) {
      const float* direction = unit.row(i);
      const float* gradient = by_unit.row(i);
      const float along = std::inner_product(direction, direction + unit.dim, gradient, 0.0f);
      const float scale = weight / length[i];
      for (size_t d = 0; d < unit.dim; ++d) {
        by_rows->row(i)[d] += scale * (gradient[d] - along * direction[d]);
      }
    }
  }

  Matrix unit;
  std::vector<float> length;
};

// The hardest negatives among n logits, `stride` apart, of row i.
std::vector<uint32_t> Hardest(const float* logits, size_t stride, size_t i, uint32_t most,
                              const std::vector<uint64_t>& ids) {
  std::vector<uint32_t> others;
  for (size_t j = 0; j < ids.size(); ++j) {
    if (ids[j] != ids[i]) others.push_back(static_cast<uint32_t>(j));
  }
  const size_t count = std::min<size_t>(most, others.size());
  std::partial_sort(others.begin(), others.begin() + static_cast<ptrdiff_t>(count), others.end(),
                    [&](uint32_t x, uint32_t y) {
                      const float lx = logits[x * stride], ly = logits[y * stride];
                      return lx != ly ? lx > ly : x < y;
                    });
  others.resize(count);
  return others;
}

// Of row i (or column i, by the strides); its gradient by logits is added to `by_logits`.
double AddCrossEntropy(const float* logits, size_t stride, size_t i, uint32_t most,
                       const std::vector<uint64_t>& ids, float* by_logits) {
  std::vector<uint32_t> chosen = Hardest(logits, stride, i, most, ids);
  chosen.push_back(static_cast<uint32_t>(i));
  float largest = -std::numeric_limits<float>::infinity();
  for (const uint32_t j : chosen) largest = std::max(largest, logits[j * stride]);
  double sum = 0;
  for (const uint32_t j : chosen) sum += std::exp(double{logits[j * stride]} - largest);
  const auto share = 1.0f / static_cast<float>(ids.size());
  for (const uint32_t j : chosen) {
    const double probability = std::exp(double{logits[j * stride]} - largest) / sum;
    by_logits[j * stride] += share * static_cast<float>(probability - (j == i ? 1.0 : 0.0));
  }
  return std::log(sum) + largest - logits[i * stride];
}

// Softmax of a row without its own place; returns the logarithm of the sum.
double Softmax(size_t own, float* row, size_t n) {
  row[own] = -std::numeric_limits<float>::infinity();
  const float largest = *std::max_element(row, row + n);
  double sum = 0;
  for (size_t j = 0; j < n; ++j) sum += std::exp(row[j] - largest);
  for (size_t j = 0; j < n; ++j) {
    row[j] = static_cast<float>(std::exp(row[j] - largest) / sum);
  }
  return std::log(sum) + largest;
}

}  // namespace

double AddPairsLoss(const PairsLoss& options, const Matrix& a, const Matrix& b,
                    const std::vector<uint64_t>& ids, float weight, Matrix* by_a, Matrix* by_b) {
  const Directions from(a), to(b);
  const size_t n = a.n;
  Matrix logits;
  MultiplyT(from.unit, to.unit, &logits, 1.0f / options.temperature);
  Matrix by_logits(n, n), by_unit;
  double loss = 0;
  for (size_t i = 0; i < n; ++i) {
    loss += AddCrossEntropy(logits.row(i), 1, i, options.hard_negatives, ids, by_logits.row(i));
    loss += AddCrossEntropy(logits.values.data() + i, n, i, options.hard_negatives, ids,
                            by_logits.values.data() + i);
  }
  if (by_a != nullptr) {
    Multiply(by_logits, to.unit, &by_unit, 1.0f / options.temperature);
    from.AddBack(by_unit, weight, by_a);
  }
  if (by_b != nullptr) {
    TMultiply(by_logits, from.unit, &by_unit, 1.0f / options.temperature);
    to.AddBack(by_unit, weight, by_b);
  }
  return weight * loss / static_cast<double>(n);
}

double AddNeighboursLoss(float temperature, const Matrix& a, const Matrix& b, RowsView floats,
                         float weight, Matrix* by_a, Matrix* by_b) {
  const size_t n = a.n;
  const Directions from(a), to(b);
  Matrix teacher, student, unit(n, floats.dim), by_unit;
  std::copy_n(floats.values, n * floats.dim, unit.values.data());
  NormaliseRows(&unit);
  MultiplyT(unit, unit, &teacher, 1.0f / temperature);
  MultiplyT(from.unit, to.unit, &student, 1.0f / temperature);
  double loss = 0;
  const auto share = 1.0f / static_cast<float>(n);
  for (size_t i = 0; i < n; ++i) {
    const std::vector<float> wanted(teacher.row(i), teacher.row(i) + n);
    const std::vector<float> logits(student.row(i), student.row(i) + n);
    const double teacher_sum = Softmax(i, teacher.row(i), n);
    const double student_sum = Softmax(i, student.row(i), n);
    for (size_t j = 0; j < n; ++j) {
      if (j == i) continue;
      const double probability = teacher.row(i)[j];
      loss += probability * ((wanted[j] - teacher_sum) - (logits[j] - student_sum));
      student.row(i)[j] = share * (student.row(i)[j] - teacher.row(i)[j]);
    }
    student.row(i)[i] = 0.0f;
  }
  Multiply(student, to.unit, &by_unit, 1.0f / temperature);
  from.AddBack(by_unit, weight, by_a);
  TMultiply(student, from.unit, &by_unit, 1.0f / temperature);
  to.AddBack(by_unit, weight, by_b);
  return weight * loss / static_cast<double>(n);
}

}  // namespace sagitta::learn
