// ScanExact: every row (query_many over blocks), or those that a filter lets pass (query_gather).
#include <algorithm>
#include <array>
#include <bit>

#include "index/top_k.h"
#include "index/vector_index.h"

namespace sagitta::index {
namespace {

// Rows between two checks of the cancel token, and the size of the buffers on the stack.
constexpr size_t kBlockRows = 256;

Status CheckCancel(const IndexQuery& query) {
  return query.cancel == nullptr ? Status() : query.cancel->Check();
}

Status ScanAll(const VectorRows& rows, size_t begin, size_t end, const IndexQuery& query, TopK* top,
               uint64_t* distances) {
  const kernels::DistanceTable& table = kernels::Distances(rows.dtype, rows.metric);
  std::array<float, kBlockRows> keys;
  for (size_t first = begin; first < end; first += kBlockRows) {
    SAGITTA_RETURN_IF_ERROR(CheckCancel(query));
    const size_t n = std::min(kBlockRows, end - first);
    table.query_many(query.vector, rows.row(first), rows.stride(), n, rows.dim, keys.data());
    for (size_t i = 0; i < n; ++i) top->Push(keys[i], static_cast<uint32_t>(first + i));
    *distances += n;
  }
  return Status();
}

// Collects positions and computes their distances a block at a time.
class AllowedScan {
 public:
  AllowedScan(const VectorRows& rows, const IndexQuery& query, TopK* top, uint64_t* distances)
      : rows_(rows),
        query_(query),
        table_(kernels::Distances(rows.dtype, rows.metric)),
        top_(*top),
        distances_(*distances) {}

  Status Add(uint32_t position) {
    ids_[n_++] = position;
    return n_ == kBlockRows ? Flush() : Status();
  }

  Status Flush() {
    if (n_ == 0) return Status();
    SAGITTA_RETURN_IF_ERROR(CheckCancel(query_));
    table_.query_gather(query_.vector, rows_.data, rows_.stride(), ids_.data(), n_, rows_.dim,
                        keys_.data());
    for (size_t i = 0; i < n_; ++i) top_.Push(keys_[i], ids_[i]);
    distances_ += n_;
    n_ = 0;
    return Status();
  }

 private:
  const VectorRows& rows_;
  const IndexQuery& query_;
  const kernels::DistanceTable& table_;
  TopK& top_;
  uint64_t& distances_;
  size_t n_ = 0;
  std::array<uint32_t, kBlockRows> ids_;
  std::array<float, kBlockRows> keys_;
};

// Positions are segment rows: walks the bitmap's words.
Status ScanWords(size_t begin, size_t end, const uint64_t* words, AllowedScan* scan) {
  for (size_t w = begin / 64; w < (end + 63) / 64; ++w) {
    uint64_t word = words[w];
    if (w == begin / 64) word &= ~uint64_t{0} << (begin % 64);
    if (w == end / 64) word &= (uint64_t{1} << (end % 64)) - 1;
    for (; word != 0; word &= word - 1) {
      const auto position = static_cast<uint32_t>(w * 64 + std::countr_zero(word));
      SAGITTA_RETURN_IF_ERROR(scan->Add(position));
    }
  }
  return scan->Flush();
}

Status ScanAllowed(const VectorRows& rows, size_t begin, size_t end, const IndexQuery& query,
                   TopK* top, uint64_t* distances) {
  AllowedScan scan(rows, query, top, distances);
  if (query.filter.row_of == nullptr) {
    return ScanWords(begin, end, query.filter.allowed, &scan);
  }
  for (size_t position = begin; position < end; ++position) {
    if (position % (64 * kBlockRows) == 0) SAGITTA_RETURN_IF_ERROR(CheckCancel(query));
    if (!query.filter.Passes(static_cast<uint32_t>(position))) continue;
    SAGITTA_RETURN_IF_ERROR(scan.Add(static_cast<uint32_t>(position)));
  }
  return scan.Flush();
}

}  // namespace

Status ScanExact(const VectorRows& rows, size_t begin, size_t end, const IndexQuery& query,
                 std::vector<Candidate>* out, uint64_t* distances) {
  query.Trace(SearchStrategy::kExactScan);
  end = std::min(end, rows.n);
  TopK top(query.k, query.key_limit, out);
  Status status;
  if (begin < end && query.k > 0) {
    status = query.filter.allowed == nullptr
                 ? ScanAll(rows, begin, end, query, &top, distances)
                 : ScanAllowed(rows, begin, end, query, &top, distances);
  }
  top.Finish();
  return status;
}

}  // namespace sagitta::index
