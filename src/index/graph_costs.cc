#include "index/graph_costs.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/stopwatch.h"
#include "index/graph_codes.h"
#include "kernels/kernels.h"

namespace sagitta::index {
namespace {

constexpr size_t kBytes = size_t{64} << 20;  // more than most caches hold
constexpr int kRounds = 7;                   // the quickest counts
constexpr size_t kBlock = 256;               // rows a scan takes at a time
constexpr size_t kLinks = 12;                // new nodes of a hop
constexpr size_t kRank = 32;                 // vectors of a rerank
constexpr double kMostOff = 4.0;

std::atomic<const GraphCosts*> current{nullptr};

template <class Run>
double NanosecondsPerRow(size_t rows, const Run& run) {
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    const base::Stopwatch watch;
    run();
    best = std::min(best, 1e9 * watch.Seconds() / static_cast<double>(rows));
  }
  return best;
}

struct Line {
  double row, line;
};

double Near(double measured, double usual) {
  return std::clamp(measured, usual / kMostOff, usual * kMostOff);
}

// From the costs of a row of few lines and of one of many. The slope may be lost in noise.
Line Fit(double few_lines, double few, double many_lines, double many, Line usual) {
  const double line = Near((many - few) / (many_lines - few_lines), usual.line);
  return {Near(few - few_lines * line, usual.row), line};
}

class Bench {
 public:
  Bench() : memory_(kBytes) {
    std::memset(memory_.data(), 0x33, kBytes);  // as a float no special one
  }

  double Codes(size_t lines, bool in_order) {
    const uint32_t dims = CodeFormat::DimsOfLines(kernels::CodeKind::kNibble, lines);
    const CodeFormat format(kernels::CodeKind::kNibble, dims);
    CodeQueryBuffer query;
    format.FloatQuery(std::vector<float>(dims, 0.5f).data(), CodeKey{}, &query);
    const size_t bytes = format.row_bytes(), step = in_order ? kBlock : kLinks;
    const std::vector<uint32_t> ids = Ids(bytes, in_order ? 8192 : 4080, in_order);
    const auto gather = kernels::Codes().gather[static_cast<size_t>(kernels::CodeKind::kNibble)];
    float keys[kBlock];
    return NanosecondsPerRow(ids.size(), [&] {
      for (size_t i = 0; i < ids.size(); i += step) {
        const size_t n = std::min(step, ids.size() - i);
        for (size_t j = i; !in_order && j < i + n; ++j) {
          __builtin_prefetch(memory_.data() + ids[j] * bytes);
          __builtin_prefetch(memory_.data() + ids[j] * bytes + 64);
        }
        gather(query.query, memory_.data(), ids.data() + i, n, keys);
      }
    });
  }

  double Vectors(size_t lines) {
    const size_t dim = 16 * lines, bytes = 64 * lines;
    const std::vector<float> query(dim, 0.5f);
    const std::vector<uint32_t> ids = Ids(bytes, 512, false);
    const auto gather = kernels::Distances(Dtype::kF32, Metric::kL2).query_gather;
    float keys[kRank];
    return NanosecondsPerRow(ids.size(), [&] {
      for (size_t i = 0; i < ids.size(); i += kRank) {
        for (size_t j = i; j < i + kRank; ++j) {
          const uint8_t* row = memory_.data() + ids[j] * bytes;
          for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(row + at, 0, 2);
        }
        gather(query.data(), memory_.data(), bytes, ids.data() + i, kRank, dim, keys);
      }
    });
  }

 private:
  std::vector<uint32_t> Ids(size_t row_bytes, size_t count, bool in_order) {
    const auto rows = static_cast<uint32_t>(kBytes / row_bytes);
    std::vector<uint32_t> ids(count);
    const auto first = static_cast<uint32_t>(random_() % rows);
    for (size_t i = 0; i < count; ++i) {
      ids[i] = static_cast<uint32_t>(in_order ? (first + i) % rows : random_() % rows);
    }
    return ids;
  }

  AlignedBytes memory_;
  std::mt19937_64 random_{1};
};

}  // namespace

std::string GraphCosts::ToString() const {
  char text[200];
  std::snprintf(text, sizeof text,
                "scan %.1f + %.1f, walk %.1f + %.1f, vector %.1f + %.1f, query %.0f, hop %.0f",
                scan_row, scan_line, walk_row, walk_line, vector_row, vector_line, prepare, hop);
  return text;
}

GraphCosts MeasureGraphCosts() {
  const GraphCosts usual;
  GraphCosts costs;
  Bench bench;
  const Line scan =
      Fit(2, bench.Codes(2, true), 8, bench.Codes(8, true), {usual.scan_row, usual.scan_line});
  const double walk_few = bench.Codes(2, false);
  const Line walk = Fit(2, walk_few, 8, bench.Codes(8, false), {usual.walk_row, usual.walk_line});
  const Line vector =
      Fit(4, bench.Vectors(4), 32, bench.Vectors(32), {usual.vector_row, usual.vector_line});
  costs.scan_row = scan.row, costs.scan_line = scan.line;
  costs.walk_row = walk.row, costs.walk_line = walk.line;
  costs.vector_row = vector.row, costs.vector_line = vector.line;
  // The rest is made of the same: arithmetic in the cache, and going to memory.
  const double arithmetic = scan.line / usual.scan_line;
  const double memory = Near(walk_few / (usual.walk_row + 2 * usual.walk_line), 1.0);
  costs.prepare *= arithmetic;
  costs.hop *= memory, costs.test *= memory, costs.far_links *= memory;
  return costs;
}

const GraphCosts& CurrentGraphCosts() {
  static const GraphCosts usual;
  const GraphCosts* measured = current.load(std::memory_order_acquire);
  return measured == nullptr ? usual : *measured;
}

const GraphCosts& CalibrateGraphCosts() {
  static const GraphCosts measured = MeasureGraphCosts();
  current.store(&measured, std::memory_order_release);
  return measured;
}

}  // namespace sagitta::index
