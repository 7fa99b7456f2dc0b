#include "index/graph_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "index/graph_filtered.h"
#include "index/top_k.h"

namespace sagitta::index {
namespace {

constexpr size_t kBestSeeds = 4;  // that a walk starts from
constexpr size_t kScanBlock = 256;

Status Stopped(const IndexQuery& query) {
  return query.cancel == nullptr ? Status() : query.cancel->Check();
}

}  // namespace

struct GraphIndex::Run {
  const IndexQuery& query;
  GraphScratch& scratch;
  GraphMeter meter;
  size_t place = 0;  // of the kernels for these codes
  const uint8_t* codes = nullptr;
  kernels::QueryGatherFn gather = nullptr;  // of stored vectors
  const VectorRows& rows;

  void Score(const uint32_t* ids, size_t n, float* keys) const {
    if (codes != nullptr) {
      kernels::Codes().gather[place](scratch.query.query, codes, ids, n, keys);
    } else {
      gather(query.vector, rows.data, rows.stride(), ids, n, rows.dim, keys);
    }
  }
};

GraphIndex::GraphIndex(const VectorRows& rows, GraphSections graph, const GraphParams& params)
    : rows_(rows),
      graph_(std::move(graph)),
      ef_search_(params.ef_search),
      oversampling_(params.oversampling),
      transform_(graph_.MakeTransform()),
      format_(graph_.has_codes() ? graph_.format() : CodeFormat()) {
  if (!graph_.has_codes()) return;
  const size_t bytes = format_.row_bytes();
  seed_codes_ = AlignedBytes(graph_.seeds().size() * bytes);
  for (size_t i = 0; i < graph_.seeds().size(); ++i) {
    std::memcpy(seed_codes_.data() + i * bytes, graph_.codes() + graph_.seeds()[i] * bytes, bytes);
  }
}

size_t GraphIndex::MemoryBytes() const {
  const bool rotated = graph_.has_codes() && transform_.dims() == rows_.dim;
  return sizeof(*this) + seed_codes_.size() + (rotated ? 4 * rows_.dim * sizeof(float) : 0);
}

void GraphIndex::StartFromSeeds(Run* run, std::vector<uint32_t>* start) const {
  const std::span<const uint32_t> seeds = graph_.seeds();
  std::vector<float>& keys = run->scratch.keys;
  if (keys.size() < seeds.size()) keys.resize(seeds.size());
  if (run->codes != nullptr) {
    kernels::Codes().many[run->place](run->scratch.query.query, seed_codes_.data(), seeds.size(),
                                      keys.data());
  } else {
    run->Score(seeds.data(), seeds.size(), keys.data());
  }
  run->meter.distances += seeds.size();
  std::array<uint32_t, kBestSeeds> best;
  size_t count = 0;
  for (uint32_t i = 0; i < seeds.size(); ++i) {
    if (!(keys[i] == keys[i]) || (count == kBestSeeds && !(keys[i] < keys[best[count - 1]]))) {
      continue;
    }
    size_t at = count < kBestSeeds ? count++ : count - 1;
    for (; at > 0 && keys[i] < keys[best[at - 1]]; --at) best[at] = best[at - 1];
    best[at] = i;
  }
  start->clear();
  for (size_t i = 0; i < count; ++i) start->push_back(seeds[best[i]]);
}

// The best of the pool that pass.
void GraphIndex::Collect(size_t most, Run* run) const {
  std::vector<Candidate>& found = run->scratch.candidates;
  found.clear();
  const GraphPool& pool = run->scratch.pool;
  for (size_t i = 0; i < pool.size() && found.size() < most; ++i) {
    const uint32_t position = pool[i].position();
    if (run->query.filter.Passes(position)) found.push_back({pool[i].key, position});
  }
}

Status GraphIndex::Walk(const GraphPlan& plan, Run* run) const {
  const auto score = [run](const uint32_t* ids, size_t n, float* keys) {
    run->Score(ids, n, keys);
  };
  std::vector<uint32_t>& start = run->scratch.ids;
  StartFromSeeds(run, &start);
  bool finished = false;
  if (plan.strategy == GraphStrategy::kWalk) {
    finished = RunBeam(graph_.links(), rows_.n, start.data(), start.size(), plan.width, score,
                       &run->scratch, &run->meter);
  } else {
    AddPassingSeeds(run->query.filter, rows_.n, &start);
    finished = RunTwoHopBeam(graph_.links(), rows_.n, run->query.filter, start, plan, score,
                             &run->scratch, &run->meter);
  }
  if (!finished) SAGITTA_RETURN_IF_ERROR(Stopped(run->query));
  Collect(finished ? plan.rerank : 0, run);
  return Status();
}

// Codes are read where rows pass; what they promise most is ranked.
Status GraphIndex::ScanCodes(const GraphPlan& plan, Run* run) const {
  std::vector<Candidate>& found = run->scratch.candidates;
  found.clear();
  TopK top(plan.rerank, std::numeric_limits<float>::infinity(), &found);
  std::array<uint32_t, kScanBlock> ids;
  std::array<float, kScanBlock> keys;
  size_t count = 0;
  const auto flush = [&] {
    run->Score(ids.data(), count, keys.data());
    for (size_t i = 0; i < count; ++i) top.Push(keys[i], ids[i]);
    const bool going = run->meter.Add(count);
    count = 0;
    return going;
  };
  PassingRows passing(run->query.filter, rows_.n);
  for (uint32_t position; passing.Next(&position);) {
    ids[count++] = position;
    if (count == kScanBlock && !flush()) return Stopped(run->query);
  }
  if (!flush()) return Stopped(run->query);
  top.Finish();
  return Status();
}

// By the stored vectors.
Status GraphIndex::Rank(Run* run, std::vector<Candidate>* out) const {
  const std::vector<Candidate>& found = run->scratch.candidates;
  std::vector<uint32_t>& ids = run->scratch.ids;
  std::vector<float>& keys = run->scratch.keys;
  TopK top(run->query.k, run->query.key_limit, out);
  if (run->codes == nullptr) {
    for (const Candidate& candidate : found) top.Push(candidate.key, candidate.position);
    top.Finish();
    return Status();
  }
  ids.clear();
  for (const Candidate& candidate : found) ids.push_back(candidate.position);
  if (keys.size() < ids.size()) keys.resize(ids.size());
  for (size_t first = 0; first < ids.size(); first += kScanBlock) {
    SAGITTA_RETURN_IF_ERROR(Stopped(run->query));
    const size_t n = std::min(kScanBlock, ids.size() - first);
    run->gather(run->query.vector, rows_.data, rows_.stride(), ids.data() + first, n, rows_.dim,
                keys.data());
    for (size_t i = 0; i < n; ++i) top.Push(keys[i], ids[first + i]);
  }
  run->meter.distances += ids.size();
  top.Finish();
  return Status();
}

Status GraphIndex::SearchExplained(const IndexQuery& query, std::vector<Candidate>* out,
                                   GraphSearchInfo* info) const {
  out->clear();
  *info = {};
  if (query.k == 0) return Status();
  const GraphShape shape{rows_.n, graph_.links().degree, graph_.has_codes() ? format_.lines() : 0,
                         (rows_.stride() + 63) / 64};
  const GraphPlan plan = PlanGraphSearch(shape, query, ef_search_, oversampling_);
  info->strategy = plan.strategy;
  if (plan.strategy == GraphStrategy::kExactScan) {
    return ScanExact(rows_, 0, rows_.n, query, out, &info->distances);
  }
  Run run{.query = query, .scratch = ThreadGraphScratch(), .meter = {}, .rows = rows_};
  run.meter.cancel = query.cancel;
  run.gather = kernels::Distances(rows_.dtype, rows_.metric).query_gather;
  if (graph_.has_codes()) {
    const bool squared = rows_.metric == Metric::kL2;
    run.place = static_cast<size_t>(format_.kind());
    run.codes = graph_.codes();
    GraphScratch& scratch = run.scratch;
    scratch.transformed.resize(transform_.dims());
    transform_.Apply(query.vector, &scratch.matrix_query, &scratch.centred,
                     scratch.transformed.data());
    format_.FloatQuery(scratch.transformed.data(), CodeKey{1.0f, squared ? -2.0f : -1.0f},
                       &scratch.query);
  }
  const size_t passing =
      query.filter.allowed == nullptr ? rows_.n : std::min(query.filter.allowed_count, rows_.n);
  const size_t enough = std::min<size_t>(query.k, passing);
  Status status = plan.strategy == GraphStrategy::kCodeScan ? ScanCodes(plan, &run)
                                                            : Walk(plan, &run);
  if (status.ok() && run.scratch.candidates.size() < enough && graph_.has_codes() &&
      plan.strategy != GraphStrategy::kCodeScan) {
    info->fell_back = true;
    info->strategy = GraphStrategy::kCodeScan;
    status = ScanCodes(plan, &run);
  }
  info->hops = run.meter.hops;
  if (status.ok() && run.scratch.candidates.size() < enough) {
    info->fell_back = true;
    info->strategy = GraphStrategy::kExactScan;
    info->distances = run.meter.distances;
    return ScanExact(rows_, 0, rows_.n, query, out, &info->distances);
  }
  if (status.ok()) status = Rank(&run, out);
  info->distances = run.meter.distances;
  return status;
}

Status GraphIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                          uint64_t* distances) const {
  GraphSearchInfo info;
  const Status status = SearchExplained(query, out, &info);
  *distances += info.distances;
  return status;
}

}  // namespace sagitta::index
