// Read requests and what they return: query, get, scroll, count. Thread-compatible value types.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sagitta/filter.h"
#include "sagitta/point.h"
#include "sagitta/schema.h"

namespace sagitta {

// Ends work early: by deadline, or when another thread says so. Copies share one state.
// Thread-safe.
class CancelToken {
 public:
  CancelToken() = default;  // never cancelled
  static CancelToken WithDeadline(std::chrono::steady_clock::time_point deadline);
  static CancelToken Manual();

  void Cancel();  // REQUIRES: made by WithDeadline or Manual
  // OK, CANCELLED or DEADLINE_EXCEEDED. Costs a clock read when there is a deadline.
  Status Check() const;
  bool can_cancel() const { return state_ != nullptr; }
  // time_point::max() when there is none.
  std::chrono::steady_clock::time_point deadline() const;

 private:
  struct State {
    std::atomic<bool> cancelled{false};
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  };
  std::shared_ptr<State> state_;
};

struct ReadOptions {
  // Wait until the deadline for this write of the collection to be visible; without a deadline a
  // number that no write has yet is FAILED_PRECONDITION.
  uint64_t min_seq = 0;
  CancelToken cancel;
};

// Which parts of a point a read returns.
struct Select {
  bool payload = false;
  std::vector<std::string> payload_keys;  // with payload: only these paths; empty = all
  bool vectors = false;
  std::vector<std::string> vector_fields;  // with vectors: only these; empty = all
};

struct SearchParams {
  // HNSW and GRAPH candidates, 1–65,536; at least offset + k is used.
  std::optional<uint32_t> ef;
  std::optional<uint32_t> nprobe;     // IVF lists, 1–65,536
  std::optional<float> oversampling;  // × k candidates reranked on stored vectors, 1–100
  bool exact = false;                 // full scan: no index is used
};

struct GroupBy {
  std::string path;         // payload path; a list puts the point into every group of its elements
  uint32_t group_size = 1;  // hits per group, 1–1,000; k counts groups, (offset + k) × it ≤ 10,000
};

// A second stage: what the query's own field finds is ranked again, by another vector of the
// points. So that a search over small codes, as of a field of BITS, is followed by exact distances
// of whole vectors, in one query.
struct Rerank {
  std::string field;   // any of the collection's; points that lack it are left out
  VectorValue vector;  // compared, exactly, with the stored vectors of that field
  // Points that the first stage finds: offset + k to 10,000; 0 = 10 × (offset + k), at most 10,000.
  uint32_t candidates = 0;
};

struct Query {
  std::string field;                          // empty when the collection has one
  std::variant<VectorValue, PointId> target;  // a point is not its own answer
  uint32_t k = 10;                            // 1–10,000
  uint32_t offset = 0;                        // 0–10,000; offset + k ≤ 10,000
  std::optional<Filter> filter;
  std::optional<float> score_threshold;  // the worst score that is returned
  SearchParams params;
  Select select;
  std::optional<GroupBy> group_by;
  // Scores and score_threshold are then of rerank.field. Not together with group_by.
  std::optional<Rerank> rerank;
  bool explain = false;  // QueryInfo::explain is wanted
};

struct Hit {
  float score = 0;  // see Metric
  Point point;      // id and version; payload and vectors as selected
};

struct Group {
  Value key;
  std::vector<Hit> hits;
};

// How the rows of a segment were searched. DO NOT CHANGE THE VALUES: the wire carries them.
enum class SearchStrategy : uint8_t {
  kNone,        // not at all: no row passes
  kExactScan,   // the stored vectors of all rows that pass
  kCodeScan,    // the codes of all rows that pass, then the best by stored vectors
  kWalk,        // a graph over all rows, of which those that do not pass are left out
  kTwoHopWalk,  // a graph over the rows that pass, through those that do not
  kLists,       // the nearest inverted lists
};

struct SegmentExplain {
  uint32_t shard = 0;
  std::string segment;  // as in the statistics
  IndexKind index = IndexKind::kFlat;
  SearchStrategy strategy = SearchStrategy::kNone;  // the last one
  bool fell_back = false;  // a walk found too little, or took too long, and was given up
  uint64_t rows_live = 0;
  uint64_t rows_passing = 0;  // live rows that the filter lets through; without one, all
  // The share of rows that was expected to pass, from payload indexes alone, 0–1; 1 without filter.
  double estimated_selectivity = 1;
  bool filter_scanned = false;  // payloads were read
  bool filter_cached = false;   // the filter's rows were known from a search before
  uint64_t distances = 0;       // computed, code distances included
  uint64_t hops = 0;            // graph nodes whose links were followed
  double filter_seconds = 0;    // to find the rows that pass
  double search_seconds = 0;    // to find the best of them
};

// Where a query's time went. Segments are searched side by side where that pays, so that their
// seconds may sum to more than search_seconds.
struct QueryExplain {
  std::vector<SegmentExplain> segments;  // by shard, then by age, oldest first
  double plan_seconds = 0;               // finding the target, choosing segments
  double search_seconds = 0;             // in all segments, merging included
  // Of a query with rerank: points whose vectors of the second field were compared, and how long
  // that took.
  uint64_t reranked = 0;
  double rerank_seconds = 0;
  double fetch_seconds = 0;  // reading payloads and vectors of the hits; forming groups
};

// How a query was answered.
struct QueryInfo {
  uint32_t segments = 0;   // searched, of all shards
  uint64_t rows_live = 0;  // in them
  uint64_t distances = 0;  // computed, code distances included
  // Some condition had no payload index: payloads were read, now or when the filter's rows were
  // first found.
  bool filter_scanned = false;
  std::vector<std::string> unindexed_paths;  // those conditions' paths
  std::optional<uint64_t> filter_matches;
  uint32_t segments_degraded = 0;       // served by exact scan because their file is damaged
  std::optional<QueryExplain> explain;  // with Query::explain
};

struct QueryResult {
  std::vector<Hit> hits;      // best first; ties by id
  std::vector<Group> groups;  // instead of hits, with group_by: best group first
  QueryInfo info;
};

struct ScrollRequest {
  std::string cursor;    // empty = from the start; else a page's next_cursor
  uint32_t limit = 100;  // 1–10,000
  std::optional<Filter> filter;
  Select select;
};

// In order of id. A point that is there during the whole scroll is returned exactly once.
struct ScrollPage {
  std::vector<Point> points;
  std::string next_cursor;  // empty at the end
  bool filter_scanned = false;
};

struct CountResult {
  uint64_t count = 0;
  bool filter_scanned = false;
};

}  // namespace sagitta
