// ScanExact: every row (query_many over blocks), or those that a filter lets pass (query_gather).
#include <algorithm>
#include <array>

#include "index/top_k.h"
#include "index/vector_index.h"
#include "kernels/codes.h"

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

// Collects positions and computes their distances, a block after the other.
class AllowedScan {
 public:
  AllowedScan(const VectorRows& rows, const IndexQuery& query, TopK* top, uint64_t* distances)
      : rows_(rows),
        query_(query),
        table_(kernels::Distances(rows.dtype, rows.metric)),
        top_(*top),
        distances_(*distances) {}

  // Positions are segment rows: takes those of [begin, end) from the bitmap's words.
  Status TakeWords(size_t begin, size_t end) {
    const size_t last = (end + 63) / 64;
    for (size_t w = begin / 64; w < last; w += kWords) {
      n_ += kernels::Codes().list_bits(query_.filter.allowed, w, std::min(w + kWords, last),
                                       ids_.data() + n_);
      if (w == begin / 64) {
        const auto from = std::lower_bound(ids_.begin(), ids_.begin() + n_, begin);
        n_ = std::copy(from, ids_.begin() + n_, ids_.begin()) - ids_.begin();
      }
      if (w + kWords < last) {
        if (n_ >= ptrdiff_t{kBlockRows}) SAGITTA_RETURN_IF_ERROR(Flush());
        continue;
      }
      while (n_ > 0 && ids_[n_ - 1] >= end) --n_;
    }
    return Flush();
  }

  Status TakeEach(size_t begin, size_t end) {
    for (size_t position = begin; position < end; ++position) {
      if (position % (64 * kBlockRows) == 0) SAGITTA_RETURN_IF_ERROR(CheckCancel(query_));
      if (!query_.filter.Passes(static_cast<uint32_t>(position))) continue;
      ids_[n_++] = static_cast<uint32_t>(position);
      if (n_ == kBlockRows) SAGITTA_RETURN_IF_ERROR(Flush());
    }
    return Flush();
  }

 private:
  static constexpr size_t kWords = 64;  // whose bits are listed at once

  Status Flush() {
    for (ptrdiff_t done = 0; done < n_; done += kBlockRows) {
      SAGITTA_RETURN_IF_ERROR(CheckCancel(query_));
      const auto n = static_cast<size_t>(std::min<ptrdiff_t>(kBlockRows, n_ - done));
      const uint32_t* ids = ids_.data() + done;
      table_.query_gather(query_.vector, rows_.data, rows_.stride(), ids, n, rows_.dim,
                          keys_.data());
      for (size_t i = 0; i < n; ++i) top_.Push(keys_[i], ids[i]);
      distances_ += n;
    }
    n_ = 0;
    return Status();
  }

  const VectorRows& rows_;
  const IndexQuery& query_;
  const kernels::DistanceTable& table_;
  TopK& top_;
  uint64_t& distances_;
  ptrdiff_t n_ = 0;
  std::array<uint32_t, kBlockRows + 64 * kWords + kernels::kListBitsSlack> ids_;
  std::array<float, kBlockRows> keys_;
};

Status ScanAllowed(const VectorRows& rows, size_t begin, size_t end, const IndexQuery& query,
                   TopK* top, uint64_t* distances) {
  AllowedScan scan(rows, query, top, distances);
  return query.filter.row_of == nullptr ? scan.TakeWords(begin, end) : scan.TakeEach(begin, end);
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
