// SegmentGraphs: the graphs that grow over the vector fields of a mutable segment, where the index
// that the schema asks for may answer approximately.
//
// Link() is called by one thread at a time, never by the writer; all else is thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "engine/field_layout.h"
#include "index/growing_graph.h"

namespace sagitta::engine {

class MutableSegment;

// What codes the next segment's graph of a field begins with: its rows are much like those of the
// last ones. Thread-safe.
class GraphModels {
 public:
  using Model = std::shared_ptr<const index::GraphModel>;
  // `stored` tells what sealed segments have, null without.
  GraphModels(size_t fields, std::function<Model(uint16_t)> stored)
      : stored_(std::move(stored)), models_(fields) {}
  // Made for codes of so many bits: what is stored, else what was last chosen; null without.
  Model Get(uint16_t field, uint32_t code_bits) const EXCLUDES_LOCK(mu_) {
    const auto serves = [&](const Model& m) { return m != nullptr && m->code_bits == code_bits; };
    if (Model model = stored_(field); serves(model)) return model;
    base::MutexLock lock(mu_);
    return serves(models_[field]) ? models_[field] : nullptr;
  }
  void Set(uint16_t field, Model model) EXCLUDES_LOCK(mu_) {
    base::MutexLock lock(mu_);
    models_[field].swap(model);
  }

 private:
  const std::function<Model(uint16_t)> stored_;
  mutable base::Mutex mu_;
  std::vector<Model> models_ GUARDED_BY(mu_);
};

// A graph in the place of an index that is yet to be built: for GRAPH, AUTO and HNSW.
bool GrowsGraph(const IndexParams& params, Dtype dtype);
// REQUIRES: GrowsGraph(params).
GraphParams GrowingParams(const IndexParams& params);

class SegmentGraphs {
 public:
  // `rows` and `indexes`, one per field: where the vectors are and stay, and what the schema asks
  // for. Fewer indexes = FLAT for the rest.
  SegmentGraphs(std::span<const index::VectorRows> rows, std::vector<IndexParams> indexes,
                size_t capacity, base::MemoryBudget* budget);

  // Null for a field that is searched exactly.
  const index::GrowingGraph* graph(uint16_t field) const { return graphs_[field].get(); }
  // Whether a view of `rows` rows, in a shard of `shard_rows` live ones, is searched exactly.
  bool Exact(uint16_t field, uint32_t rows, uint64_t shard_rows) const;

  using Clock = std::chrono::steady_clock;

  // A search was here that a graph makes, or would make, faster.
  void NoteSearch(uint16_t field) const;
  // Encodes and links some of the segment's rows, a moment's work, for the fields that had a search
  // since. True when more is left that can be done now. RESOURCE_EXHAUSTED when there is no memory
  // for it; CANCELLED.
  Result<bool> Link(const MutableSegment& segment, const index::BuildContext& context,
                    Clock::time_point searched_since, GraphModels* models);
  uint32_t rows_linked() const;  // of the field that is furthest behind; 0 without graphs
  index::IndexBytes Bytes() const;

 private:
  Result<bool> LinkField(uint16_t field, const MutableSegment& segment,
                         const index::BuildContext& context, GraphModels* models);

  const std::vector<IndexParams> indexes_;
  std::vector<std::unique_ptr<index::GrowingGraph>> graphs_;
  mutable std::vector<std::atomic<Clock::rep>> searched_at_;  // by field, the latest, roughly
};

}  // namespace sagitta::engine
