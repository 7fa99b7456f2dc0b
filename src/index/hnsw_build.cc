#include "index/hnsw_build.h"

#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/HNSW.h>
#if __has_include(<faiss/impl/VisitedTable.h>)
#include <faiss/impl/VisitedTable.h>
#endif
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <vector>

#include "index/faiss_adapter.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

// The first nodes go in one after the other: threads that insert into a nearly empty graph do not
// see one another's nodes and leave it in pieces.
constexpr size_t kSerialPrefix = 256;
constexpr size_t kChunk = 16;  // insertions between two checks of the cancel token

// FAISS walks the array of locks with the size that its own compiler's <omp.h> gave them. LLVM's
// locks are twice as large: with that header, its locks and ours would not be the same.
static_assert(sizeof(omp_lock_t) == 4, "needs libgomp's <omp.h>, with which Debian built FAISS");

// One lock per node, of the kind that FAISS takes while it changes a node's links.
class NodeLocks {
 public:
  explicit NodeLocks(size_t n) : locks_(n) {
    for (omp_lock_t& lock : locks_) omp_init_lock(&lock);
  }
  ~NodeLocks() {
    for (omp_lock_t& lock : locks_) omp_destroy_lock(&lock);
  }
  NodeLocks(const NodeLocks&) = delete;
  NodeLocks& operator=(const NodeLocks&) = delete;
  std::vector<omp_lock_t>& get() { return locks_; }

 private:
  std::vector<omp_lock_t> locks_;
};

// Highest level first, so that the entry point never changes after the first node; shuffled within
// a level, so that rows loaded in some order do not make a graph of that order.
std::vector<int> InsertionOrder(const std::vector<int>& levels, uint64_t seed) {
  std::vector<int> order(levels.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return levels[a] > levels[b]; });
  return order;
}

class Inserter {
 public:
  Inserter(const VectorRows& rows, const std::vector<float>& lift, faiss::HNSW* graph,
           std::vector<omp_lock_t>* locks)
      : distance_(rows, lift.empty() ? nullptr : lift.data()),
        visited_(static_cast<int>(rows.n)),
        graph_(*graph),
        locks_(*locks) {}

  void Insert(int node) {
    distance_.SetRow(static_cast<size_t>(node));
    graph_.add_with_locks(distance_, graph_.levels[node] - 1, node, locks_, visited_);
  }

 private:
  RowDistanceComputer distance_;
  faiss::VisitedTable visited_;
  faiss::HNSW& graph_;
  std::vector<omp_lock_t>& locks_;
};

Status InsertAll(const VectorRows& rows, const BuildContext& context, faiss::HNSW* graph) {
  std::vector<float> lift;
  if (rows.metric == Metric::kInnerProduct) lift = LiftForInnerProduct(rows);
  NodeLocks locks(rows.n);
  const std::vector<int> order = InsertionOrder(graph->levels, context.seed);
  const size_t serial = std::min(kSerialPrefix, rows.n);
  {
    Inserter inserter(rows, lift, graph, &locks.get());
    for (size_t i = 0; i < serial; ++i) {
      if (i % kChunk == 0) SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
      inserter.Insert(order[i]);
    }
  }
  std::atomic<size_t> next{serial};
  return RunWorkers(context, [&](size_t) {
    if (next.load(std::memory_order_relaxed) >= rows.n) return;
    Inserter inserter(rows, lift, graph, &locks.get());
    while (context.cancel.Check().ok()) {
      const size_t begin = next.fetch_add(kChunk, std::memory_order_relaxed);
      if (begin >= rows.n) return;
      const size_t end = std::min(rows.n, begin + kChunk);
      for (size_t i = begin; i < end; ++i) inserter.Insert(order[i]);
      if (begin % (64 * kChunk) < kChunk) {
        Report(context, static_cast<double>(end) / static_cast<double>(rows.n));
      }
    }
  });
}

}  // namespace

Result<std::shared_ptr<faiss::HNSW>> BuildHnswGraph(const VectorRows& rows,
                                                    const HnswParams& params,
                                                    const BuildContext& context) {
  std::shared_ptr<faiss::HNSW> graph;
  Status status = CatchExceptions(context, [&] {
    graph = std::make_shared<faiss::HNSW>(static_cast<int>(params.m));
    graph->efConstruction = static_cast<int>(params.ef_construction);
    graph->rng = faiss::RandomGenerator(static_cast<int64_t>(context.seed));
    graph->prepare_level_tab(rows.n);
  });
  SAGITTA_RETURN_IF_ERROR(status);
  Status inner;
  SAGITTA_RETURN_IF_ERROR(
      CatchExceptions(context, [&] { inner = InsertAll(rows, context, graph.get()); }));
  SAGITTA_RETURN_IF_ERROR(inner);
  return graph;
}

}  // namespace sagitta::index
