// VectorIndex: search over the rows of one vector field of one segment. Immutable and thread-safe
// once built or opened.
//
// "Position" counts the vectors of the field in the segment, 0…n−1; positions equal segment rows
// unless some points lack the field. Keys are kernels.h's: smaller is closer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/section_file.h"
#include "base/thread_pool.h"
#include "codec/codec.h"
#include "kernels/kernels.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::index {

// n vectors of one dtype, row-major, without padding. REQUIRES: the memory outlives every user.
struct VectorRows {
  const std::byte* data = nullptr;
  size_t n = 0;
  uint32_t dim = 0;
  Dtype dtype = Dtype::kF32;
  Metric metric = Metric::kL2;  // COSINE rows are stored normalised

  size_t stride() const { return VectorBytes(dtype, dim); }
  const std::byte* row(size_t i) const { return data + i * stride(); }
};

// Which positions may be returned. All pointers may be null, which means "all". Words are 64-bit,
// row r's bit is words[r / 64] >> (r % 64).
struct RowFilter {
  const uint64_t* allowed = nullptr;  // by segment row
  const uint32_t* row_of = nullptr;   // position → segment row; null = the same
  size_t allowed_count = 0;  // bits set in `allowed` (over rows that have the field or not)
  // Positions from here on do not pass, whatever `allowed` (which has no bits for them).
  size_t rows = std::numeric_limits<size_t>::max();

  bool Passes(uint32_t position) const {
    if (position >= rows) return false;
    if (allowed == nullptr) return true;
    const uint32_t row = row_of == nullptr ? position : row_of[position];
    return allowed[row >> 6] >> (row & 63) & 1;
  }
};

// How a search went, for explaining it.
struct SearchTrace {
  SearchStrategy strategy = SearchStrategy::kNone;  // the last one tried
  bool fell_back = false;                           // to a scan, from a walk that found too little
  uint64_t hops = 0;                                // nodes whose links were followed
};

struct IndexQuery {
  const float* vector = nullptr;  // dim floats, normalised for COSINE; packed bits for BITS
  uint32_t k = 10;
  sagitta::SearchParams params;
  // What stands in for what `params` leaves open: the field's settings of now, of which an index
  // takes those for searching. Null = those that it was built under.
  const IndexParams* settings = nullptr;
  RowFilter filter;
  // Candidates with a larger key are not wanted.
  float key_limit = std::numeric_limits<float>::infinity();
  // The rows that rank an answer have to be fetched from disk first: it is asked for all at once.
  bool vectors_on_disk = false;
  // A position that walks are to take for missing, to measure how well they find its neighbours.
  uint32_t without = std::numeric_limits<uint32_t>::max();
  const CancelToken* cancel = nullptr;  // may be null; checked every few hundred distances
  SearchTrace* trace = nullptr;         // may be null; written

  void Trace(SearchStrategy strategy, uint64_t hops = 0) const {
    if (trace == nullptr) return;
    trace->strategy = strategy;
    trace->hops += hops;
  }
};

// The settings of a search in an index that was built under `built`.
inline const IndexParams& SettingsOf(const IndexQuery& query, const IndexParams& built) {
  return query.settings == nullptr ? built : *query.settings;
}

struct Candidate {
  float key;
  uint32_t position;
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.key != b.key ? a.key < b.key : a.position < b.position;
  }
};

// One of several queries that are searched for together.
struct ManyQuery {
  IndexQuery query;
  std::vector<Candidate>* found;  // its answer, best first
  uint64_t distances = 0;         // computed for it
};

// What an index takes besides the stored vectors: codes, with what decodes them, and links, with
// ids and centroids of inverted lists.
struct IndexBytes {
  size_t memory_codes = 0, memory_links = 0;  // on the heap
  size_t mapped_codes = 0, mapped_links = 0;  // of the file

  size_t memory() const { return memory_codes + memory_links; }
  size_t mapped() const { return mapped_codes + mapped_links; }
  IndexBytes& operator+=(const IndexBytes& other) {
    memory_codes += other.memory_codes;
    memory_links += other.memory_links;
    mapped_codes += other.mapped_codes;
    mapped_links += other.mapped_links;
    return *this;
  }
};

struct GraphModel;  // index/graph_model.h

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  virtual IndexKind kind() const = 0;  // never kAuto
  // At most k candidates, best first, with keys by the stored (full-precision) vectors. `distances`
  // is increased by the number computed. CANCELLED or DEADLINE_EXCEEDED end it early.
  virtual Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                        uint64_t* distances) const = 0;
  // The same for several queries that share the cancel token; where all read the same, once.
  virtual Status SearchMany(std::span<ManyQuery> queries) const {
    for (ManyQuery& many : queries) {
      SAGITTA_RETURN_IF_ERROR(Search(many.query, many.found, &many.distances));
    }
    return Status();
  }
  virtual IndexBytes Bytes() const = 0;
  // Whether searches compare stored vectors, and not only those of candidates by codes.
  virtual bool WalksVectors() const = 0;
  // What a graph's codes are codes of, for others of the same kind; null without.
  virtual std::shared_ptr<GraphModel> MakeGraphModel() const { return nullptr; }
  size_t MemoryBytes() const { return Bytes().memory(); }
  size_t MappedBytes() const { return Bytes().mapped(); }
};

// Where trained codecs are kept that CodecParams::model names. Thread-safe.
class CodecSource {
 public:
  virtual ~CodecSource() = default;
  // NOT_FOUND when there is none of that name; DATA_LOSS when its file is damaged.
  virtual Result<std::unique_ptr<codec::Codec>> FindCodec(const std::string& model) const = 0;
};

// What building may use, and where it reports. It ends soon after `cancel` says so, with CANCELLED.
struct BuildContext {
  base::ThreadPool* pool = nullptr;  // null = the calling thread only
  size_t max_workers = 0;            // 0 = the pool's threads
  uint64_t seed = 1;
  CancelToken cancel;
  std::function<void(double)> progress;  // 0–1; may be empty; called from any thread
  const CodecSource* codecs = nullptr;   // for kLearned
};

// Of the vectors of a field in a segment.
struct RowsShape {
  size_t n = 0;
  uint32_t dim = 0;
  Dtype dtype = Dtype::kF32;
};

// What kAuto says for `rows` vectors of that dtype; any other kind stays.
IndexKind ResolveKind(const IndexParams& params, size_t rows, Dtype dtype);

// True when an index built as `built` under `built_params` serves `wanted` for such vectors, so
// that nothing needs rebuilding (search-time parameters do not count).
bool Satisfies(const IndexParams& built_params, IndexKind built, const IndexParams& wanted,
               const RowsShape& rows);

struct GraphStart;  // index/graph_start.h

// Builds an index of kind ResolveKind(params, rows.n) and writes its sections, named prefix + "…".
// FLAT writes none. An IVF kind with too few rows to train (< 39 per list after nlist is lowered)
// falls back to FLAT, or BINARY_FLAT. A GRAPH begins with the links of `start`, unless it is null.
// Returns the kind built.
Result<IndexKind> BuildIndex(const VectorRows& rows, const IndexParams& params,
                             const std::string& prefix, const BuildContext& context,
                             base::SectionFileWriter* out, GraphStart* start = nullptr);

// Opens what BuildIndex wrote. Every offset, id and size is checked here, so that a damaged or
// hostile file gives DATA_LOSS and never a read outside the mapping. `file` and `rows` outlive the
// index.
Result<std::unique_ptr<VectorIndex>> OpenIndex(IndexKind kind, const IndexParams& params,
                                               const VectorRows& rows, const std::string& prefix,
                                               const base::SectionFileReader& file);

// Exact scan, for mutable segments and `exact` queries: adds candidates of rows [begin, end) to
// `out`, which is kept as the k best seen, sorted at the end.
Status ScanExact(const VectorRows& rows, size_t begin, size_t end, const IndexQuery& query,
                 std::vector<Candidate>* out, uint64_t* distances);

}  // namespace sagitta::index
