// The beam over a graph's links that both building and searching run: a sorted pool of candidates,
// the best not yet expanded comes next, until all are (Jayaram Subramanya et al., "DiskANN",
// NeurIPS 2019). Nothing is allocated per hop, nor per query once the scratch has grown.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "index/candidate_pool.h"
#include "index/graph_codes.h"
#include "index/passing_rows.h"
#include "index/vector_index.h"

namespace sagitta::index {

inline constexpr uint32_t kNoGraphLink = CandidatePool::kNone;

// n rows of `degree` positions each; a row ends at the first kNoGraphLink.
struct GraphLinks {
  const uint32_t* links = nullptr;
  uint32_t degree = 0;
  const uint32_t* row(uint32_t position) const { return links + size_t{position} * degree; }
};

// While a graph grows, its one writer replaces rows of links number by number. A walk that comes
// upon such a row sees some old links and some new ones, each of them good. Which nodes are ready
// to be looked at is published otherwise, so that relaxed order suffices here.
inline uint32_t LoadLink(const uint32_t* link) { return __atomic_load_n(link, __ATOMIC_RELAXED); }
inline void StoreLink(uint32_t* link, uint32_t position) {
  __atomic_store_n(link, position, __ATOMIC_RELAXED);
}

inline void FetchLinks(const GraphLinks& graph, uint32_t position) {
  __builtin_prefetch(graph.row(position));
  __builtin_prefetch(graph.row(position) + 16);  // a cache line further
}

// Positions seen by the running beam: a bit each, and the list of them, from which the next Start
// clears the bits.
class GraphVisited {
 public:
  void Start(size_t n) {
    for (size_t i = 0; i < count_; ++i) bits_[seen_[i] / 64] = 0;
    if (hidden_ != kNothing) bits_[hidden_ / 64] = 0;
    hidden_ = kNothing;
    count_ = 0;
    if (bits_.size() < n / 64 + 1) bits_.resize(n / 64 + 1, 0);
  }
  // As if it had been inserted, but it is not among those seen. REQUIRES: once after Start().
  void Hide(uint32_t position) {
    bits_[position / 64] |= uint64_t{1} << position % 64;
    hidden_ = position;
  }
  // Room for `more` insertions without a check.
  void Reserve(size_t more) {
    if (seen_.size() < count_ + more) seen_.resize(2 * (count_ + more));
  }
  // REQUIRES: Reserve, position < n of Start(). True when it was not there.
  bool Insert(uint32_t position) { return InsertIf(true, position); }
  // As Insert, where `wanted`; without a branch.
  bool InsertIf(bool wanted, uint32_t position) {
    uint64_t& word = bits_[position / 64];
    const uint64_t bit = uint64_t{wanted} << position % 64;
    const bool fresh = (~word & bit) != 0;
    word |= bit;
    seen_[count_] = position;
    count_ += fresh;
    return fresh;
  }
  size_t count() const { return count_; }
  // Those inserted, in order.
  const uint32_t* seen() const { return seen_.data(); }

 private:
  static constexpr uint32_t kNothing = std::numeric_limits<uint32_t>::max();

  std::vector<uint64_t> bits_;
  std::vector<uint32_t> seen_;
  size_t count_ = 0;
  uint32_t hidden_ = kNothing;
};

// What a thread's searches use again and again. A search never runs inside another.
struct GraphScratch {
  GraphVisited visited;
  CandidatePool pool;
  std::vector<uint32_t> ids, between;
  std::vector<float> keys;
  CodeQueryBuffer query, matrix_query;
  std::vector<float> centred, transformed;
  std::vector<Candidate> candidates;  // by code, to be ranked
  std::vector<Candidate> tail;        // by code, of rows that no walk reaches
  PassingList passing;                // what a scan of codes saw
};

GraphScratch& ThreadGraphScratch();

// Counts distances and looks at the cancel token every few hundred.
struct GraphMeter {
  uint64_t distances = 0;
  uint64_t hops = 0;
  const CancelToken* cancel = nullptr;  // may be null

  // False when the search is to end.
  bool Add(size_t n) {
    distances += n;
    if (distances < next_check_ || cancel == nullptr) return true;
    next_check_ = distances + 512;
    return cancel->Check().ok();
  }

 private:
  uint64_t next_check_ = 1;
};

// A walk from some seeds, which may pause and go on. Its candidates are in the scratch's pool, what
// it saw in `visited`. Nodes from `n` on are not looked at. `score(ids, n, keys)` writes a key for
// each, score.Fetch(id) prefetches what it will read. A key that is no number never enters.
template <class Score>
class GraphBeam {
 public:
  // It does not look at the node `without`. REQUIRES: all outlive it, and nothing else uses the
  // scratch meanwhile.
  GraphBeam(const GraphLinks& graph, size_t n, const Score& score, GraphScratch* scratch,
            GraphMeter* meter, uint32_t without = kNoGraphLink)
      : graph_(graph),
        n_(n),
        score_(score),
        scratch_(*scratch),
        meter_(*meter),
        without_(without) {}

  // Scores the seeds; keeps `limit` candidates. False when cancelled, as Run.
  bool Start(const uint32_t* seeds, size_t count, size_t limit) {
    GraphVisited& visited = scratch_.visited;
    visited.Start(n_);
    if (without_ < n_) visited.Hide(without_);
    scratch_.pool.Start(limit);
    const size_t most = std::max<size_t>(count, graph_.degree);
    if (scratch_.keys.size() < most) scratch_.keys.resize(most);
    visited.Reserve(count + 1);
    for (size_t i = 0; i < count; ++i) visited.Insert(seeds[i]);
    return Take(0);
  }

  // Follows the links of the best candidates, until all were followed or those of `hops` were.
  bool Run(uint64_t hops = std::numeric_limits<uint64_t>::max()) {
    GraphVisited& visited = scratch_.visited;
    CandidatePool& pool = scratch_.pool;
    const uint32_t degree = graph_.degree;
    for (uint32_t position; hops > 0 && pool.Next(&position); --hops) {
      ++meter_.hops;
      if (const uint32_t next = pool.Peek(); next != kNoGraphLink) FetchLinks(graph_, next);
      const size_t first = visited.count();
      visited.Reserve(degree + 1);
      const uint32_t* row = graph_.row(position);
      for (uint32_t i = 0; i < degree; ++i) {
        const uint32_t link = LoadLink(row + i);
        if (link >= n_) {
          if (link == kNoGraphLink) break;
          continue;
        }
        // Whether it is new is known too late to be worth a branch.
        score_.Fetch(link);
        visited.Insert(link);
      }
      if (!Take(first)) return false;
    }
    return true;
  }

 private:
  // Those seen from number `first` on.
  bool Take(size_t first) {
    const GraphVisited& visited = scratch_.visited;
    CandidatePool& pool = scratch_.pool;
    const uint32_t* ids = visited.seen() + first;
    const size_t fresh = visited.count() - first;
    float* keys = scratch_.keys.data();
    score_(ids, fresh, keys);
    pool.Offer(keys, ids, fresh);
    if (const uint32_t next = pool.Peek(); next != kNoGraphLink) FetchLinks(graph_, next);
    return meter_.Add(fresh);
  }

  const GraphLinks& graph_;
  const size_t n_;
  const Score& score_;
  GraphScratch& scratch_;
  GraphMeter& meter_;
  const uint32_t without_;
};

// The walk at once; the pool holds what was found. False when cancelled.
template <class Score>
bool RunBeam(const GraphLinks& graph, size_t n, const uint32_t* seeds, size_t seed_count,
             size_t limit, const Score& score, GraphScratch* scratch, GraphMeter* meter) {
  GraphBeam<Score> beam(graph, n, score, scratch, meter);
  return beam.Start(seeds, seed_count, limit) && beam.Run();
}

}  // namespace sagitta::index
