#include "learn/matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/learn/synthetic_pairs.h"

namespace sagitta::learn {
namespace {

TEST(Matrix, ProductsAreThoseOfTheDefinition) {
  const Matrix a = NormalRows(5, 7, 1), b = NormalRows(7, 3, 2);
  Matrix wanted(5, 3), transposed_a(7, 5), transposed_b(3, 7), out;
  for (size_t i = 0; i < 5; ++i) {
    for (size_t k = 0; k < 7; ++k) transposed_a.row(k)[i] = a.row(i)[k];
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < 7; ++k) wanted.row(i)[j] += a.row(i)[k] * b.row(k)[j];
    }
  }
  for (size_t k = 0; k < 7; ++k) {
    for (size_t j = 0; j < 3; ++j) transposed_b.row(j)[k] = b.row(k)[j];
  }
  Multiply(a, b, &out);
  EXPECT_LT(LargestDifference(out, wanted), 1e-5);
  MultiplyT(a, transposed_b, &out);
  EXPECT_LT(LargestDifference(out, wanted), 1e-5);
  TMultiply(transposed_a, b, &out);
  EXPECT_LT(LargestDifference(out, wanted), 1e-5);
  Multiply(a, b, &out, -1, 1);  // and taken away again
  EXPECT_LT(LargestDifference(out, Matrix(5, 3)), 1e-5);
}

TEST(Matrix, SolvesPositiveSystemsAndSaysWhenTheyAreNot) {
  const Matrix root = NormalRows(20, 6, 3), x = NormalRows(6, 2, 4);
  Matrix square, product;
  TMultiply(root, root, &square);
  Multiply(square, x, &product);
  const auto solved = SolvePositive(square, product);
  ASSERT_TRUE(solved.ok());
  EXPECT_LT(LargestDifference(*solved, x), 1e-4);
  square.row(2)[2] = -1;
  EXPECT_EQ(SolvePositive(square, product).status().code(), StatusCode::kFailedPrecondition);
}

TEST(Matrix, NearestOrthogonalHasOrthonormalRowsOrColumns) {
  for (const auto& [n, dim] : {std::pair<size_t, size_t>{6, 6}, {4, 9}, {9, 4}}) {
    const Matrix a = NormalRows(n, dim, 5);
    const auto orthogonal = NearestOrthogonal(a);
    ASSERT_TRUE(orthogonal.ok());
    ASSERT_EQ(orthogonal->n, n);
    ASSERT_EQ(orthogonal->dim, dim);
    Matrix square;
    if (n <= dim) {
      MultiplyT(*orthogonal, *orthogonal, &square);
    } else {
      TMultiply(*orthogonal, *orthogonal, &square);
    }
    for (size_t i = 0; i < square.n; ++i) square.row(i)[i] -= 1;
    EXPECT_LT(LargestDifference(square, Matrix(square.n, square.n)), 1e-5);
    // Its own nearest is itself.
    EXPECT_LT(LargestDifference(*NearestOrthogonal(*orthogonal), *orthogonal), 1e-5);
  }
}

TEST(Matrix, WhatIsNotFiniteIsNamed) {
  Matrix rows = NormalRows(4, 3, 6);
  EXPECT_TRUE(CheckFinite(rows, "from").ok());
  rows.row(2)[1] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(CheckFinite(rows, "from").field(), "from[2]");
}

}  // namespace
}  // namespace sagitta::learn
