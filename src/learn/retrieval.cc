#include "learn/retrieval.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace sagitta::learn {
namespace {

constexpr size_t kQueries = 64;       // scored together
constexpr size_t kDocuments = 16384;  // at a time, so that a product stays in 4 MiB

// Calls use(first query, their scores: up to kQueries × documents.n).
Status ForScores(RowsView queries, RowsView documents, const CancelToken& cancel,
                 const std::function<void(size_t, const Matrix&)>& use) {
  Matrix scores, part;
  for (size_t first = 0; first < queries.n; first += kQueries) {
    const size_t count = std::min(kQueries, queries.n - first);
    scores.Resize(count, documents.n);
    for (size_t d = 0; d < documents.n; d += kDocuments) {
      SAGITTA_RETURN_IF_ERROR(cancel.Check());
      const size_t some = std::min(kDocuments, documents.n - d);
      MultiplyT(queries.Slice(first, count), documents.Slice(d, some), &part);
      for (size_t i = 0; i < count; ++i) std::copy_n(part.row(i), some, scores.row(i) + d);
    }
    use(first, scores);
  }
  return Status();
}

size_t RankOf(const float* scores, RowsView documents, uint32_t own) {
  const float mine = scores[own];
  if (!std::isfinite(mine)) return documents.n;  // a map that has gone wrong finds nothing
  size_t before = 0;
  for (size_t d = 0; d < documents.n; ++d) {
    before += scores[d] > mine;
    if (scores[d] != mine || d >= own) continue;
    before += !std::equal(documents.row(d), documents.row(d) + documents.dim, documents.row(own));
  }
  return before;
}

}  // namespace

Result<Retrieval> MeasureOwn(RowsView queries, RowsView documents, const std::vector<uint32_t>& own,
                             const CancelToken& cancel) {
  size_t first_hits = 0, ten_hits = 0;
  SAGITTA_RETURN_IF_ERROR(
      ForScores(queries, documents, cancel, [&](size_t first, const Matrix& scores) {
        for (size_t i = 0; i < scores.n; ++i) {
          const size_t rank = RankOf(scores.row(i), documents, own[first + i]);
          first_hits += rank == 0;
          ten_hits += rank < 10;
        }
      }));
  const auto asked = static_cast<double>(std::max<size_t>(queries.n, 1));
  return Retrieval{static_cast<double>(first_hits) / asked, static_cast<double>(ten_hits) / asked};
}

Result<std::vector<uint32_t>> FindBest(RowsView queries, RowsView documents, size_t k,
                                       const CancelToken& cancel) {
  std::vector<uint32_t> best(queries.n * k), order(documents.n);
  SAGITTA_RETURN_IF_ERROR(
      ForScores(queries, documents, cancel, [&](size_t first, const Matrix& scores) {
        for (size_t i = 0; i < scores.n; ++i) {
          const float* score = scores.row(i);
          std::iota(order.begin(), order.end(), 0u);
          std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(k), order.end(),
                            [score](uint32_t a, uint32_t b) {
                              return score[a] != score[b] ? score[a] > score[b] : a < b;
                            });
          std::copy_n(order.begin(), k, best.begin() + static_cast<ptrdiff_t>((first + i) * k));
        }
      }));
  return best;
}

Result<double> MeasureShared(RowsView queries, RowsView documents, size_t k,
                             const std::vector<uint32_t>& wanted, const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const std::vector<uint32_t> found,
                           FindBest(queries, documents, k, cancel));
  size_t hits = 0;
  for (size_t q = 0; q < queries.n; ++q) {
    const auto begin = wanted.begin() + static_cast<ptrdiff_t>(q * k);
    for (size_t i = 0; i < k; ++i) {
      hits += static_cast<size_t>(
          std::count(begin, begin + static_cast<ptrdiff_t>(k), found[q * k + i]));
    }
  }
  return static_cast<double>(hits) / static_cast<double>(std::max<size_t>(queries.n * k, 1));
}

}  // namespace sagitta::learn
