#include "index/graph_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "index/graph_filtered.h"

namespace sagitta::index {
namespace {

constexpr size_t kBestSeeds = 4;  // that a walk starts from
constexpr size_t kScanBlock = 256;
// A row is still compared by its stored vector when its code promises this many deviations of the
// codes' errors less than the worst of the answer.
constexpr float kDeviations = 2.0f;
constexpr size_t kRankStep = 4;     // rows between two looks at what is still possible
constexpr size_t kMostMore = 4096;  // of a scan's rows, which no pool bounds
constexpr size_t kUnbiased = 16;    // of a scan's rows, to learn the codes' errors from

Status Stopped(const IndexQuery& query) {
  return query.cancel == nullptr ? Status() : query.cancel->Check();
}

// To L2, where more lines can be under way than the kernels fetch to L1: the vectors lie anywhere.
void FetchVectors(const VectorRows& rows, const uint32_t* ids, size_t n) {
  constexpr size_t kMostBytes = size_t{96} << 10;
  n = std::min(n, kMostBytes / rows.stride() + 1);
  for (size_t i = 0; i < n; ++i) {
    const std::byte* row = rows.row(ids[i]);
    for (size_t at = 0; at < rows.stride(); at += 64) __builtin_prefetch(row + at, 0, 2);
  }
}

}  // namespace

// Of keys by codes against keys by stored vectors.
class GraphIndex::CodeError {
 public:
  void Add(float difference) {
    if (!std::isfinite(difference)) return;
    ++count_;
    sum_ += difference;
    squares_ += double{difference} * difference;
  }
  // The largest key by code with which a row may yet be nearer than `limit`.
  float Bound(float limit) const {
    if (count_ < 2) return std::numeric_limits<float>::infinity();
    const double mean = sum_ / count_;
    const double deviation = std::sqrt(std::max(0.0, squares_ / count_ - mean * mean));
    return limit - static_cast<float>(mean - kDeviations * deviation);
  }

 private:
  double count_ = 0, sum_ = 0, squares_ = 0;
};

struct GraphIndex::Run {
  const IndexQuery& query;
  GraphScratch& scratch;
  GraphMeter meter;
  size_t place = 0;                         // of the kernels for these codes
  const uint8_t* codes = nullptr;           // null = none: stored vectors are compared
  size_t row_bytes = 0;                     // of codes
  kernels::QueryGatherFn gather = nullptr;  // of stored vectors
  const VectorRows& rows;

  void operator()(const uint32_t* ids, size_t n, float* keys) const {
    if (codes != nullptr) {
      kernels::Codes().gather[place](scratch.query.query, codes, ids, n, keys);
    } else {
      gather(query.vector, rows.data, rows.stride(), ids, n, rows.dim, keys);
    }
  }
  // The first lines, which is all of most codes.
  void Fetch(uint32_t id) const {
    const uint8_t* row = codes + id * row_bytes;
    __builtin_prefetch(row);
    __builtin_prefetch(row + 64);
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
    (*run)(seeds.data(), seeds.size(), keys.data());
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

// Those of the pool that pass, best first.
void GraphIndex::Collect(Run* run) const {
  std::vector<Candidate>& found = run->scratch.candidates;
  found.clear();
  run->scratch.scanned.clear();
  const GraphPool& pool = run->scratch.pool;
  for (size_t i = 0; i < pool.size(); ++i) {
    const uint32_t position = pool[i].position();
    if (run->query.filter.Passes(position)) found.push_back({pool[i].key, position});
  }
}

Status GraphIndex::Walk(const GraphPlan& plan, Run* run) const {
  std::vector<uint32_t>& start = run->scratch.ids;
  StartFromSeeds(run, &start);
  bool finished = false;
  if (plan.strategy == SearchStrategy::kWalk) {
    finished = RunBeam(graph_.links(), rows_.n, start.data(), start.size(), plan.width, *run,
                       &run->scratch, &run->meter);
  } else {
    AddPassingSeeds(run->query.filter, rows_.n, &start);
    finished = RunTwoHopBeam(graph_.links(), rows_.n, run->query.filter, start, plan, *run,
                             &run->scratch, &run->meter);
  }
  if (!finished) SAGITTA_RETURN_IF_ERROR(Stopped(run->query));
  Collect(run);
  if (!finished) run->scratch.candidates.clear();  // the budget was spent
  return Status();
}

// Codes are read where rows pass; what they promise most is ranked.
Status GraphIndex::ScanCodes(const GraphPlan& plan, Run* run) const {
  std::vector<Candidate>& found = run->scratch.candidates;
  std::vector<Candidate>& scanned = run->scratch.scanned;
  found.clear();
  scanned.clear();
  TopK top(plan.rerank, std::numeric_limits<float>::infinity(), &found);
  std::array<uint32_t, kScanBlock> ids;
  std::array<float, kScanBlock> keys;
  size_t count = 0;
  const auto flush = [&] {
    (*run)(ids.data(), count, keys.data());
    for (size_t i = 0; i < count; ++i) {
      top.Push(keys[i], ids[i]);
      scanned.push_back({keys[i], ids[i]});
    }
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

// Computes the keys of candidates [first, last) by the stored vectors. `top` may be null.
Status GraphIndex::RankSome(const std::vector<Candidate>& candidates, size_t first, size_t last,
                            Run* run, TopK* top, CodeError* error) const {
  std::array<uint32_t, kScanBlock> ids;
  std::array<float, kScanBlock> keys;
  for (; first < last; first += kScanBlock) {
    const size_t n = std::min(kScanBlock, last - first);
    for (size_t i = 0; i < n; ++i) ids[i] = candidates[first + i].position;
    FetchVectors(rows_, ids.data(), n);
    run->gather(run->query.vector, rows_.data, rows_.stride(), ids.data(), n, rows_.dim,
                keys.data());
    for (size_t i = 0; i < n; ++i) {
      if (top != nullptr) top->Push(keys[i], ids[i]);
      error->Add(keys[i] - candidates[first + i].key);
    }
    run->meter.distances += n;
    SAGITTA_RETURN_IF_ERROR(Stopped(run->query));
  }
  return Status();
}

// The candidates first that codes promise most, then all others that may be among the best for what
// is seen of the codes' errors.
Status GraphIndex::Rank(const GraphPlan& plan, Run* run, std::vector<Candidate>* out,
                        bool* settled) const {
  const std::vector<Candidate>& found = run->scratch.candidates;
  TopK top(run->query.k, run->query.key_limit, out);
  *settled = true;
  if (run->codes == nullptr) {
    for (const Candidate& candidate : found) top.Push(candidate.key, candidate.position);
    top.Finish();
    return Status();
  }
  const Status status = run->scratch.scanned.empty() ? RankPool(plan, run, &top, settled)
                                                     : RankScanned(plan, run, &top);
  top.Finish();
  return status;
}

Status GraphIndex::RankPool(const GraphPlan& plan, Run* run, TopK* top, bool* settled) const {
  const std::vector<Candidate>& found = run->scratch.candidates;
  CodeError error;
  size_t done = std::min<size_t>(plan.rerank, found.size());
  SAGITTA_RETURN_IF_ERROR(RankSome(found, 0, done, run, top, &error));
  float bound = error.Bound(top->limit());
  while (done < found.size() && found[done].key < bound) {
    const size_t next = std::min(done + kRankStep, found.size());
    SAGITTA_RETURN_IF_ERROR(RankSome(found, done, next, run, top, &error));
    done = next;
    bound = error.Bound(top->limit());
  }
  *settled = done < found.size() || run->scratch.pool.limit() > bound;
  return Status();
}

Status GraphIndex::RankScanned(const GraphPlan& plan, Run* run, TopK* top) const {
  const std::vector<Candidate>& found = run->scratch.candidates;
  const std::vector<Candidate>& scanned = run->scratch.scanned;
  CodeError biased, error;
  SAGITTA_RETURN_IF_ERROR(RankSome(found, 0, found.size(), run, top, &biased));
  if (found.size() < plan.rerank) return Status();  // these are all
  // The best of many codes are best by their errors too: those of a few others are unbiased.
  std::vector<Candidate> some;
  const size_t step = scanned.size() / kUnbiased + 1;
  for (size_t i = step / 2; i < scanned.size(); i += step) some.push_back(scanned[i]);
  SAGITTA_RETURN_IF_ERROR(RankSome(some, 0, some.size(), run, nullptr, &error));
  const float bound = error.Bound(top->limit());
  std::vector<Candidate> more;
  for (const Candidate& candidate : scanned) {
    if (found.back() < candidate && candidate.key < bound) more.push_back(candidate);
  }
  if (more.size() > kMostMore) {
    std::nth_element(more.begin(), more.begin() + kMostMore, more.end());
    more.resize(kMostMore);
  }
  return RankSome(more, 0, more.size(), run, top, &error);
}

void GraphIndex::Prepare(Run* run) const {
  run->meter.cancel = run->query.cancel;
  run->gather = kernels::Distances(rows_.dtype, rows_.metric).query_gather;
  if (!graph_.has_codes()) return;
  const CodeKey key{1.0f, rows_.metric == Metric::kL2 ? -2.0f : -1.0f};
  run->place = static_cast<size_t>(format_.kind());
  run->codes = graph_.codes();
  run->row_bytes = format_.row_bytes();
  GraphScratch& scratch = run->scratch;
  scratch.transformed.resize(transform_.dims());
  transform_.Apply(run->query.vector, &scratch.matrix_query, &scratch.centred,
                   scratch.transformed.data());
  format_.FloatQuery(scratch.transformed.data(), key, &scratch.query);
}

Status GraphIndex::Attempt(const GraphPlan& plan, Run* run, std::vector<Candidate>* out,
                           bool* settled) const {
  out->clear();
  *settled = false;
  const bool scan = plan.strategy == SearchStrategy::kCodeScan;
  SAGITTA_RETURN_IF_ERROR(scan ? ScanCodes(plan, run) : Walk(plan, run));
  const RowFilter& filter = run->query.filter;
  const bool filtered = filter.allowed != nullptr;
  const size_t passing = filtered ? std::min(filter.allowed_count, rows_.n) : rows_.n;
  const size_t enough = filtered && !scan ? plan.rerank : run->query.k;
  if (run->scratch.candidates.size() < std::min(enough, passing)) return Status();
  SAGITTA_RETURN_IF_ERROR(Rank(plan, run, out, settled));
  // Who asks for a narrow walk gets one. Without a filter, what the walk did not find is not near.
  if (!filtered || scan || run->query.params.ef.value_or(ef_search_) < ef_search_) *settled = true;
  return Status();
}

Status GraphIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                          uint64_t* distances) const {
  out->clear();
  if (query.k == 0) return Status();
  const GraphShape shape{rows_.n, graph_.links().degree, graph_.has_codes() ? format_.lines() : 0,
                         (rows_.stride() + 63) / 64};
  GraphPlan plan = PlanGraphSearch(shape, query, ef_search_, oversampling_);
  if (plan.strategy == SearchStrategy::kExactScan) {
    return ScanExact(rows_, 0, rows_.n, query, out, distances);
  }
  Run run{.query = query, .scratch = ThreadGraphScratch(), .meter = {}, .rows = rows_};
  Prepare(&run);
  for (bool settled = false; !settled;) {
    const uint64_t hops = run.meter.hops, computed = run.meter.distances;
    const Status status = Attempt(plan, &run, out, &settled);
    query.Trace(plan.strategy, run.meter.hops - hops);
    *distances += run.meter.distances - computed;
    SAGITTA_RETURN_IF_ERROR(status);
    if (settled) break;
    if (query.trace != nullptr) query.trace->fell_back = true;
    const bool scanned = plan.strategy == SearchStrategy::kCodeScan;
    plan.strategy =
        graph_.has_codes() && !scanned ? SearchStrategy::kCodeScan : SearchStrategy::kExactScan;
    if (plan.strategy == SearchStrategy::kExactScan) {
      out->clear();
      return ScanExact(rows_, 0, rows_.n, query, out, distances);
    }
  }
  return Status();
}

}  // namespace sagitta::index
