#include "index/graph_query.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "index/code_error.h"
#include "index/graph_filtered.h"
#include "index/rerank.h"
#include "index/top_k.h"

namespace sagitta::index {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kBestSeeds = 4;       // that a walk starts from
constexpr size_t kTwoHopStarts = 16;   // that a walk over the nodes that pass starts from besides
constexpr size_t kSampledStarts = 32;  // and where a sample of these tells where they are
constexpr size_t kLookNear = 64;       // nodes that are around a query
constexpr size_t kScanBlock = 256;
constexpr size_t kRankStep = 4;     // rows between two looks at what is still possible
constexpr size_t kMostMore = 4096;  // of a scan's rows, which no pool bounds
constexpr size_t kUnbiased = 16;    // of a scan's rows, to learn the codes' errors from

// To L2, where more lines can be under way than the kernels fetch to L1: the vectors lie anywhere.
void FetchVectors(const VectorRows& rows, const uint32_t* ids, size_t n) {
  constexpr size_t kMostBytes = size_t{96} << 10;
  n = std::min(n, kMostBytes / rows.stride() + 1);
  for (size_t i = 0; i < n; ++i) {
    const std::byte* row = rows.row(ids[i]);
    for (size_t at = 0; at < rows.stride(); at += 64) __builtin_prefetch(row + at, 0, 2);
  }
}

class GraphQuery {
 public:
  GraphQuery(const GraphView& graph, const IndexQuery& query)
      : graph_(graph),
        rows_(graph.rows),
        query_(query),
        filter_(query.filter),
        with_codes_(graph.codes != nullptr),
        linked_(std::min(graph.linked, rows_.n)),
        coded_(std::min(with_codes_ ? graph.encoded : graph.linked, rows_.n)),
        scratch_(ThreadGraphScratch()),
        beam_(graph.links, graph.linked, *this, &scratch_, &meter_, query.without) {
    filter_.rows = rows_.n;
  }

  Status Run(std::vector<Candidate>* out, uint64_t* distances);

  // Keys by codes, or by vectors where there are no codes.
  void operator()(const uint32_t* ids, size_t n, float* keys) const {
    if (with_codes_) {
      kernels::Codes().gather[place_](scratch_.query.query, graph_.codes, ids, n, keys);
    } else {
      gather_(query_.vector, rows_.data, rows_.stride(), ids, n, rows_.dim, keys);
    }
  }
  // The first lines, which is all of most codes.
  void Fetch(uint32_t id) const {
    const uint8_t* row = graph_.codes + id * row_bytes_;
    __builtin_prefetch(row);
    __builtin_prefetch(row + 64);
  }

 private:
  Status Stopped() const { return query_.cancel == nullptr ? Status() : query_.cancel->Check(); }
  bool filtered() const { return filter_.allowed != nullptr; }
  GraphPlan Plan(std::optional<double> around = std::nullopt) const;
  uint32_t EfSearch() const;  // of a query that gives none
  void Prepare();
  // *settled is false when the strategy did not find what is asked for.
  Status Attempt(std::vector<Candidate>* out, bool* settled);
  Status ExactScan(std::vector<Candidate>* out, uint64_t* distances) const;
  void StartFromSeeds(std::vector<uint32_t>* start);
  Status StartWherePassing(std::vector<uint32_t>* start);
  double ShareAround();
  Status LookAround();
  bool AgreesWithSample() const;
  Status Walk();
  void PlanAnother();
  void Collect();
  Status ScanCodes();
  Status ScanTail();
  Status ScanRange(size_t begin, size_t end);
  Status ScorePassing();
  Status RankSome(const std::vector<Candidate>& candidates, size_t first, size_t last, TopK* top,
                  CodeError* error);
  Status Rank(std::vector<Candidate>* out, bool* settled);
  Status RankPool(TopK* top, bool* settled);
  Status RankScanned(TopK* top);

  const GraphView& graph_;
  const VectorRows& rows_;
  const IndexQuery& query_;
  RowFilter filter_;
  const bool with_codes_;
  const size_t linked_;  // of the rows
  const size_t coded_;   // those below need no scan of vectors
  GraphScratch& scratch_;
  GraphMeter meter_;
  GraphBeam<GraphQuery> beam_;
  bool looked_ = false;   // the beam has paused
  bool around_ = false;   // the plan knows what passes around the query
  bool widened_ = false;  // the walk is the second of two
  bool astray_ = false;   // it did not find rows that a sample holds
  GraphPlan plan_;
  float tail_limit_ = kInfinity;  // no row of the tail that was left out has a smaller key
  size_t place_ = 0;              // of the kernels for these codes
  size_t row_bytes_ = 0;          // of codes
  kernels::QueryGatherFn gather_ = nullptr;  // of stored vectors
};

GraphPlan GraphQuery::Plan(std::optional<double> around) const {
  const GraphShape shape{.n = rows_.n,
                         .degree = graph_.links.degree,
                         .code_lines = with_codes_ ? graph_.format.lines() : 0,
                         .vector_lines = (rows_.stride() + 63) / 64,
                         .linked = linked_};
  const IndexParams* now = query_.settings;
  return PlanGraphSearch(shape, query_, EfSearch(),
                         now == nullptr ? graph_.oversampling : now->graph.oversampling,
                         CurrentGraphCosts(), around);
}

// A graph may serve in the place of an HNSW.
uint32_t GraphQuery::EfSearch() const {
  const IndexParams* now = query_.settings;
  uint32_t ef = graph_.ef_search;
  if (now != nullptr) {
    ef = now->kind == IndexKind::kHnsw ? now->hnsw.ef_search : now->graph.ef_search;
  }
  return ef != 0 ? ef : UsualGraphWidth(graph_.usual_width, query_.k);
}

void GraphQuery::Prepare() {
  meter_.cancel = query_.cancel;
  gather_ = kernels::Distances(rows_.dtype, rows_.metric).query_gather;
  if (!with_codes_) return;
  const CodeKey key{1.0f, rows_.metric == Metric::kL2 ? -2.0f : -1.0f};
  place_ = static_cast<size_t>(graph_.format.kind());
  row_bytes_ = graph_.format.row_bytes();
  scratch_.transformed.resize(graph_.transform->dims());
  graph_.transform->Apply(query_.vector, &scratch_.matrix_query, &scratch_.centred,
                          scratch_.transformed.data());
  graph_.format.FloatQuery(scratch_.transformed.data(), key, &scratch_.query);
}

void GraphQuery::StartFromSeeds(std::vector<uint32_t>* start) {
  const std::span<const uint32_t> seeds = graph_.seeds;
  std::vector<float>& keys = scratch_.keys;
  if (keys.size() < seeds.size()) keys.resize(seeds.size());
  if (with_codes_) {
    kernels::Codes().many[place_](scratch_.query.query, graph_.seed_codes, seeds.size(),
                                  keys.data());
  } else {
    (*this)(seeds.data(), seeds.size(), keys.data());
  }
  meter_.distances += seeds.size();
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
void GraphQuery::Collect() {
  std::vector<Candidate>& found = scratch_.candidates;
  const CandidatePool& pool = scratch_.pool;
  for (size_t i = 0; i < pool.size(); ++i) {
    const uint32_t position = pool[i].position;
    if (filter_.Passes(position)) found.push_back({pool[i].key, position});
  }
}

// Which share passes of what a walk found nearest to the query: what it saw before lies on the way.
double GraphQuery::ShareAround() {
  around_ = true;
  const CandidatePool& pool = scratch_.pool;
  const size_t near = std::min(pool.size(), kLookNear);
  size_t passing = 0;
  for (size_t i = 0; i < near; ++i) passing += filter_.Passes(pool[i].position);
  return static_cast<double>(passing) / static_cast<double>(std::max<size_t>(near, 1));
}

// Begins a walk, and plans anew by what passes around the query.
Status GraphQuery::LookAround() {
  constexpr size_t kLeastWidth = 128;
  std::vector<uint32_t>& start = scratch_.ids;
  StartFromSeeds(&start);
  const size_t width = std::max<size_t>(kLeastWidth, plan_.width);
  if (!beam_.Start(start.data(), start.size(), width)) return Stopped();
  const CandidatePool& pool = scratch_.pool;
  float nearest = kInfinity;
  for (size_t looks = 0; looks < kMostLooks && pool.size() > 0 && pool[0].key < nearest; ++looks) {
    nearest = pool[0].key;
    if (!beam_.Run(kLookHops)) return Stopped();
  }
  looked_ = true;
  plan_ = Plan(ShareAround());
  return Status();
}

// The nodes that pass nearest to where looking around ended, and some from elsewhere. Where a walk
// was too narrow, what it found.
Status GraphQuery::StartWherePassing(std::vector<uint32_t>* start) {
  CandidatePool& pool = scratch_.pool;
  start->clear();
  if (widened_) {
    for (size_t i = 0; i < pool.size(); ++i) start->push_back(pool[i].position);
    return Status();
  }
  for (size_t i = 0; i < pool.size() && start->size() < kTwoHopStarts; ++i) {
    if (filter_.Passes(pool[i].position)) start->push_back(pool[i].position);
  }
  if (plan_.sample_step == 0) {
    AddPassingSeeds(filter_, linked_, start);
    return Status();
  }
  PassingList& sample = scratch_.passing;
  sample.StartSample(filter_, linked_, plan_.sample_step);
  SAGITTA_RETURN_IF_ERROR(ScorePassing());
  pool.Start(kSampledStarts);
  pool.Offer(sample.keys.data(), sample.ids.data(), sample.count);
  for (size_t i = 0; i < pool.size(); ++i) start->push_back(pool[i].position);
  return Status();
}

// As many rows as the walk holds are as near as these, if it found all of them. The sample tells
// how many there are.
bool GraphQuery::AgreesWithSample() const {
  constexpr double kSigmas = 3.0;
  const PassingList& sample = scratch_.passing;
  const CandidatePool& pool = scratch_.pool;
  const float limit = pool.limit();
  size_t seen = 0;
  for (size_t i = 0; i < sample.count; ++i) seen += sample.keys[i] < limit;
  const double want = static_cast<double>(pool.size()) / static_cast<double>(plan_.sample_step);
  return static_cast<double>(seen) <= want + kSigmas * std::sqrt(want);
}

Status GraphQuery::Walk() {
  std::vector<uint32_t>& start = scratch_.ids;
  scratch_.candidates.clear();
  bool finished = false;
  if (plan_.strategy == SearchStrategy::kWalk) {
    if (looked_) {
      scratch_.pool.SetLimit(plan_.width);
    } else {
      StartFromSeeds(&start);
      finished = beam_.Start(start.data(), start.size(), plan_.width);
    }
    finished = (looked_ || finished) && beam_.Run();
  } else {
    SAGITTA_RETURN_IF_ERROR(StartWherePassing(&start));
    finished = RunTwoHopBeam(graph_.links, graph_.linked, filter_, start, plan_, *this, &scratch_,
                             &meter_);
  }
  if (!finished) return Stopped();  // or the budget was spent: then there is nothing to rank
  if (plan_.sample_step != 0 && !widened_ && !AgreesWithSample()) {
    astray_ = true;
    return Status();
  }
  Collect();
  return ScanTail();
}

// Lists the rows of [begin, end) that pass in scratch_.passing, and their keys by codes.
Status GraphQuery::ScanRange(size_t begin, size_t end) {
  scratch_.passing.Start(filter_, begin, end);
  return ScorePassing();
}

// Keys by codes of what scratch_.passing lists.
Status GraphQuery::ScorePassing() {
  PassingList& passing = scratch_.passing;
  for (size_t at = 0; at < passing.count; at += kScanBlock) {
    const size_t n = std::min(kScanBlock, passing.count - at);
    (*this)(passing.ids.data() + at, n, passing.keys.data() + at);
    if (!meter_.Add(n)) return Stopped();
  }
  return Status();
}

// Codes are read where rows pass; what they promise most is ranked.
Status GraphQuery::ScanCodes() {
  std::vector<Candidate>& found = scratch_.candidates;
  found.clear();
  SAGITTA_RETURN_IF_ERROR(ScanRange(0, coded_));
  const PassingList& passing = scratch_.passing;
  CandidatePool& pool = scratch_.pool;
  pool.Start(plan_.rerank);
  pool.Offer(passing.keys.data(), passing.ids.data(), passing.count);
  for (size_t i = 0; i < pool.size(); ++i) found.push_back({pool[i].key, pool[i].position});
  return Status();
}

// Rows that the walk cannot reach are candidates as those that it found.
Status GraphQuery::ScanTail() {
  tail_limit_ = kInfinity;
  if (linked_ >= coded_) return Status();
  SAGITTA_RETURN_IF_ERROR(ScanRange(linked_, coded_));
  const PassingList& passing = scratch_.passing;
  std::vector<Candidate>& found = scratch_.candidates;
  std::vector<Candidate>& tail = scratch_.tail;
  tail.clear();
  TopK top(plan_.width, kInfinity, &tail);
  for (size_t i = 0; i < passing.count; ++i) top.Push(passing.keys[i], passing.ids[i]);
  top.Finish();
  if (tail.size() == plan_.width) tail_limit_ = tail.back().key;
  const auto middle = static_cast<ptrdiff_t>(found.size());
  found.insert(found.end(), tail.begin(), tail.end());
  std::inplace_merge(found.begin(), found.begin() + middle, found.end());
  return Status();
}

// Computes the keys of candidates [first, last) by the stored vectors. `top` may be null.
Status GraphQuery::RankSome(const std::vector<Candidate>& candidates, size_t first, size_t last,
                            TopK* top, CodeError* error) {
  std::array<uint32_t, kScanBlock> ids;
  std::array<float, kScanBlock> keys;
  for (; first < last; first += kScanBlock) {
    const size_t n = std::min(kScanBlock, last - first);
    for (size_t i = 0; i < n; ++i) ids[i] = candidates[first + i].position;
    if (query_.vectors_on_disk) AskForRows(rows_, ids.data(), n);
    FetchVectors(rows_, ids.data(), n);
    gather_(query_.vector, rows_.data, rows_.stride(), ids.data(), n, rows_.dim, keys.data());
    for (size_t i = 0; i < n; ++i) {
      if (top != nullptr) top->Push(keys[i], ids[i]);
      error->Add(keys[i] - candidates[first + i].key);
    }
    meter_.distances += n;
    SAGITTA_RETURN_IF_ERROR(Stopped());
  }
  return Status();
}

// The candidates first that codes promise most, then all others that may be among the best for what
// is seen of the codes' errors. Adds to what `out` holds.
Status GraphQuery::Rank(std::vector<Candidate>* out, bool* settled) {
  const std::vector<Candidate>& found = scratch_.candidates;
  TopK top(query_.k, query_.key_limit, out);
  *settled = true;
  if (!with_codes_) {
    for (const Candidate& candidate : found) top.Push(candidate.key, candidate.position);
    top.Finish();
    return Status();
  }
  const bool scan = plan_.strategy == SearchStrategy::kCodeScan;
  const Status status = scan ? RankScanned(&top) : RankPool(&top, settled);
  top.Finish();
  return status;
}

Status GraphQuery::RankPool(TopK* top, bool* settled) {
  const std::vector<Candidate>& found = scratch_.candidates;
  CodeError error;
  size_t done = std::min<size_t>(plan_.rerank, found.size());
  SAGITTA_RETURN_IF_ERROR(RankSome(found, 0, done, top, &error));
  float bound = error.Bound(top->limit());
  while (done < found.size() && found[done].key < bound) {
    const size_t next = std::min(done + kRankStep, found.size());
    SAGITTA_RETURN_IF_ERROR(RankSome(found, done, next, top, &error));
    done = next;
    bound = error.Bound(top->limit());
  }
  *settled = done < found.size() || std::min(scratch_.pool.limit(), tail_limit_) > bound;
  return Status();
}

Status GraphQuery::RankScanned(TopK* top) {
  const std::vector<Candidate>& found = scratch_.candidates;
  const PassingList& scanned = scratch_.passing;
  CodeError biased, error;
  SAGITTA_RETURN_IF_ERROR(RankSome(found, 0, found.size(), top, &biased));
  if (found.size() < plan_.rerank) return Status();  // these are all
  // The best of many codes are best by their errors too: those of a few others are unbiased.
  std::vector<Candidate> some;
  const size_t step = scanned.count / kUnbiased + 1;
  for (size_t i = step / 2; i < scanned.count; i += step) some.push_back(scanned[i]);
  SAGITTA_RETURN_IF_ERROR(RankSome(some, 0, some.size(), nullptr, &error));
  const float bound = error.Bound(top->limit());
  std::vector<Candidate> more;
  const float* keys = scanned.keys.data();
  const Candidate last = found.back();
  for (size_t i = 0; i < scanned.count; ++i) {
    if (keys[i] < bound && last < scanned[i]) more.push_back(scanned[i]);
  }
  if (more.size() > kMostMore) {
    std::nth_element(more.begin(), more.begin() + kMostMore, more.end());
    more.resize(kMostMore);
  }
  return RankSome(more, 0, more.size(), top, &error);
}

Status GraphQuery::Attempt(std::vector<Candidate>* out, bool* settled) {
  out->clear();
  *settled = false;
  const bool scan = plan_.strategy == SearchStrategy::kCodeScan;
  SAGITTA_RETURN_IF_ERROR(scan ? ScanCodes() : Walk());
  if (coded_ < rows_.n) {
    SAGITTA_RETURN_IF_ERROR(ScanExact(rows_, coded_, rows_.n, query_, out, &meter_.distances));
  }
  const size_t passing = filtered() ? std::min(filter_.allowed_count, rows_.n) : rows_.n;
  // Who asks for a narrow walk gets one.
  const bool narrow = query_.params.ef.value_or(EfSearch()) < EfSearch();
  // A walk of the width at which as many pass as are ranked, by the share around the query, finds
  // now more of them and now fewer; hardly ever half of them, unless it went astray.
  const size_t enough =
      filtered() && !scan && !narrow ? std::max(query_.k, plan_.rerank / 2) : query_.k;
  if (scratch_.candidates.size() + out->size() < std::min(enough, passing)) return Status();
  SAGITTA_RETURN_IF_ERROR(Rank(out, settled));
  // What an ordinary walk did not find is not near.
  if (plan_.strategy != SearchStrategy::kTwoHopWalk || narrow) *settled = true;
  return Status();
}

// What to do after an attempt that did not find what is asked for: at last, a scan.
void GraphQuery::PlanAnother() {
  const GraphPlan before = plan_;
  if (before.strategy == SearchStrategy::kWalk && filtered() && !around_) {
    // It went to where little passes. What there is around the query is known now.
    plan_ = Plan(ShareAround());
    looked_ = false;
    const bool other = plan_.strategy != before.strategy || plan_.width > before.width;
    if (other && plan_.strategy != SearchStrategy::kExactScan) return;
  } else if (before.strategy == SearchStrategy::kTwoHopWalk && !astray_ && !widened_ &&
             before.second_width != 0) {
    widened_ = true;
    plan_.width = before.second_width;
    return;
  }
  if (query_.trace != nullptr) query_.trace->fell_back = true;
  const bool scanned = before.strategy == SearchStrategy::kCodeScan;
  plan_.strategy = with_codes_ && !scanned ? SearchStrategy::kCodeScan : SearchStrategy::kExactScan;
}

Status GraphQuery::ExactScan(std::vector<Candidate>* out, uint64_t* distances) const {
  out->clear();
  return ScanExact(rows_, 0, rows_.n, query_, out, distances);
}

Status GraphQuery::Run(std::vector<Candidate>* out, uint64_t* distances) {
  plan_ = Plan();
  const auto exact = [&] { return plan_.strategy == SearchStrategy::kExactScan; };
  if (exact() && !plan_.look_around) return ExactScan(out, distances);
  Prepare();
  Status status = plan_.look_around ? LookAround() : Status();
  for (bool settled = false; status.ok() && !settled && !exact();) {
    status = Attempt(out, &settled);
    if (status.ok() && !settled) PlanAnother();
  }
  query_.Trace(plan_.strategy, meter_.hops);
  *distances += meter_.distances;
  return status.ok() && exact() ? ExactScan(out, distances) : status;
}

}  // namespace

uint32_t UsualGraphWidth(uint32_t measured, uint32_t k) {
  constexpr uint32_t kUnmeasured = 128;
  constexpr uint32_t kMeasuredK = 10;
  if (measured == 0) return kUnmeasured;
  if (k <= kMeasuredK) return measured;
  // As recall@k was seen to need it, and no less than for a k twice as large.
  const double more = measured * std::sqrt(static_cast<double>(k) / kMeasuredK);
  return std::max(static_cast<uint32_t>(std::ceil(more)), std::min(kUnmeasured, 2 * k));
}

Status SearchGraph(const GraphView& graph, const IndexQuery& query, std::vector<Candidate>* out,
                   uint64_t* distances) {
  out->clear();
  if (query.k == 0) return Status();
  return GraphQuery(graph, query).Run(out, distances);
}

}  // namespace sagitta::index
