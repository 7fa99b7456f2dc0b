#include "index/hnsw_traverse.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "index/visited_pool.h"

namespace sagitta::index {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr uint32_t kCancelEvery = 256;  // distances between two checks

// Computes keys of gathered positions, counts them, and looks at the cancel token now and then.
class Gatherer {
 public:
  Gatherer(const HnswTraversal& t, SearchScratch* scratch)
      : rows_(t.rows),
        query_(t.query),
        distances_(*t.distances),
        gather_(kernels::Distances(t.rows.dtype, t.rows.metric).query_gather),
        scratch_(*scratch) {
    scratch_.ids.resize(t.links.header().degree0);
    scratch_.keys.resize(t.links.header().degree0);
  }

  uint32_t* ids() { return scratch_.ids.data(); }
  const float* keys() const { return scratch_.keys.data(); }

  // keys()[i] for ids()[i], i < n. A key that is no number becomes infinite: keys are ordered.
  Status Compute(size_t n) {
    gather_(query_.vector, rows_.data, rows_.stride(), scratch_.ids.data(), n, rows_.dim,
            scratch_.keys.data());
    for (size_t i = 0; i < n; ++i) {
      float& key = scratch_.keys[i];
      key = key == key ? key : kInfinity;
    }
    distances_ += n;
    since_check_ += static_cast<uint32_t>(n);
    if (since_check_ < kCancelEvery || query_.cancel == nullptr) return Status();
    since_check_ = 0;
    return query_.cancel->Check();
  }

 private:
  const VectorRows& rows_;
  const IndexQuery& query_;
  uint64_t& distances_;
  const kernels::QueryGatherFn gather_;
  SearchScratch& scratch_;
  uint32_t since_check_ = 0;
};

// The node of level 0 where greedy descent from the top ends.
Status Descend(const HnswTraversal& t, Gatherer* gatherer, Candidate* best) {
  const HnswHeader& header = t.links.header();
  gatherer->ids()[0] = header.entry;
  SAGITTA_RETURN_IF_ERROR(gatherer->Compute(1));
  *best = {gatherer->keys()[0], header.entry};
  uint32_t node = header.entry_upper;
  for (uint32_t level = header.max_level; level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const uint32_t* links = t.links.Upper(node, level);
      size_t n = 0;
      while (n < header.m && links[n] != kNoLink) {
        gatherer->ids()[n] = t.links.Position(links[n]);
        ++n;
      }
      SAGITTA_RETURN_IF_ERROR(gatherer->Compute(n));
      for (size_t i = 0; i < n; ++i) {
        if (!(gatherer->keys()[i] < best->key)) continue;
        *best = {gatherer->keys()[i], gatherer->ids()[i]};
        node = links[i];
        moved = true;
      }
    }
  }
  return Status();
}

// Puts the neighbours not seen before into ids(); returns how many.
size_t CollectUnvisited(const HnswLinks& links, uint32_t position, VisitedSet* visited,
                        uint32_t* ids) {
  const uint32_t* row = links.Level0(position);
  const uint32_t degree = links.header().degree0;
  size_t n = 0;
  for (uint32_t i = 0; i < degree && row[i] != kNoLink; ++i) {
    ids[n] = row[i];
    n += visited->Insert(row[i]);
  }
  return n;
}

// A max-heap of the `limit` nearest, in a reused vector.
class NearestHeap {
 public:
  NearestHeap(std::vector<Candidate>* heap, uint32_t limit) : heap_(*heap), limit_(limit) {
    heap_.clear();
  }
  float limit() const { return heap_.size() < limit_ ? kInfinity : heap_.front().key; }
  bool full() const { return heap_.size() == limit_; }
  void Push(Candidate candidate) {
    if (full()) {
      if (!(candidate < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end());
  }

 private:
  std::vector<Candidate>& heap_;
  const uint32_t limit_;
};

struct Farther {
  bool operator()(const Candidate& a, const Candidate& b) const { return b < a; }
};

}  // namespace

Status TraverseAll(const HnswTraversal& t, uint32_t ef, std::vector<Candidate>* out) {
  SearchScratch& scratch = ThreadScratch();
  Gatherer gatherer(t, &scratch);
  scratch.visited.Start(t.rows.n);
  Candidate entry;
  SAGITTA_RETURN_IF_ERROR(Descend(t, &gatherer, &entry));
  CandidatePool& pool = scratch.pool;
  pool.Start(ef);
  scratch.visited.Insert(entry.position);
  pool.Offer(&entry.key, &entry.position, 1);
  uint64_t hops = 0;
  for (uint32_t position; pool.Next(&position); ++hops) {
    if (const uint32_t next = pool.Peek(); next != CandidatePool::kNone) {
      __builtin_prefetch(t.links.Level0(next));
    }
    const size_t n = CollectUnvisited(t.links, position, &scratch.visited, gatherer.ids());
    SAGITTA_RETURN_IF_ERROR(gatherer.Compute(n));
    pool.Offer(gatherer.keys(), gatherer.ids(), n);
  }
  t.query.Trace(SearchStrategy::kWalk, hops);
  out->clear();
  for (size_t i = 0; i < pool.size(); ++i) out->push_back({pool[i].key, pool[i].position});
  return Status();
}

Status TraverseFiltered(const HnswTraversal& t, uint32_t ef, uint32_t ef_passing, uint64_t budget,
                        std::vector<Candidate>* out, bool* exhausted) {
  *exhausted = false;
  SearchScratch& scratch = ThreadScratch();
  Gatherer gatherer(t, &scratch);
  scratch.visited.Start(t.rows.n);
  NearestHeap nearest(&scratch.nearest, ef);
  NearestHeap passing(&scratch.passing, ef_passing);
  std::vector<Candidate>& frontier = scratch.frontier;
  frontier.clear();
  const auto push = [&](float key, uint32_t position) {
    if (key > nearest.limit() && key > passing.limit()) return;
    nearest.Push({key, position});
    if (t.query.filter.Passes(position)) passing.Push({key, position});
    frontier.push_back({key, position});
    std::push_heap(frontier.begin(), frontier.end(), Farther());
  };
  const uint64_t last = *t.distances + budget;
  Candidate entry;
  SAGITTA_RETURN_IF_ERROR(Descend(t, &gatherer, &entry));
  scratch.visited.Insert(entry.position);
  push(entry.key, entry.position);
  for (; !frontier.empty(); t.query.Trace(SearchStrategy::kWalk, 1)) {
    const Candidate best = frontier.front();
    if (best.key > nearest.limit() && best.key > passing.limit()) break;
    if (*t.distances > last) {
      *exhausted = true;
      return Status();
    }
    std::pop_heap(frontier.begin(), frontier.end(), Farther());
    frontier.pop_back();
    const size_t n = CollectUnvisited(t.links, best.position, &scratch.visited, gatherer.ids());
    SAGITTA_RETURN_IF_ERROR(gatherer.Compute(n));
    for (size_t i = 0; i < n; ++i) push(gatherer.keys()[i], gatherer.ids()[i]);
  }
  out->assign(scratch.passing.begin(), scratch.passing.end());
  return Status();
}

}  // namespace sagitta::index
