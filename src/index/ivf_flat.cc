#include "index/ivf_flat.h"

#include <algorithm>
#include <array>

#include "index/ivf_probe.h"
#include "index/resolve.h"
#include "index/top_k.h"

namespace sagitta::index {
namespace {

constexpr size_t kBatch = 256;

// Distances of one list's rows, a batch at a time.
class ListScan {
 public:
  ListScan(const VectorRows& rows, const IndexQuery& query, TopK* top, uint64_t* distances)
      : rows_(rows),
        query_(query),
        gather_(kernels::Distances(rows.dtype, rows.metric).query_gather),
        top_(*top),
        distances_(*distances) {}

  size_t passing() const { return passing_; }

  Status Scan(const uint32_t* positions, size_t n) {
    if (query_.filter.allowed == nullptr) {
      for (size_t first = 0; first < n; first += kBatch) {
        SAGITTA_RETURN_IF_ERROR(Compute(positions + first, std::min(kBatch, n - first)));
      }
      return Status();
    }
    size_t batch = 0;
    for (size_t i = 0; i < n; ++i) {
      ids_[batch] = positions[i];
      batch += query_.filter.Passes(positions[i]);
      if (batch < kBatch) continue;
      SAGITTA_RETURN_IF_ERROR(Compute(ids_.data(), batch));
      batch = 0;
    }
    return Compute(ids_.data(), batch);
  }

 private:
  Status Compute(const uint32_t* ids, size_t n) {
    since_check_ += n;
    if (query_.cancel != nullptr && since_check_ >= kBatch) {
      since_check_ = 0;
      SAGITTA_RETURN_IF_ERROR(query_.cancel->Check());
    }
    if (n == 0) return Status();
    gather_(query_.vector, rows_.data, rows_.stride(), ids, n, rows_.dim, keys_.data());
    for (size_t i = 0; i < n; ++i) top_.Push(keys_[i], ids[i]);
    distances_ += n;
    passing_ += n;
    return Status();
  }

  const VectorRows& rows_;
  const IndexQuery& query_;
  const kernels::QueryGatherFn gather_;
  TopK& top_;
  uint64_t& distances_;
  size_t passing_ = 0;
  size_t since_check_ = kBatch;
  std::array<uint32_t, kBatch> ids_;
  std::array<float, kBatch> keys_;
};

}  // namespace

Status IvfFlatIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                            uint64_t* distances) const {
  out->clear();
  if (ScanIsCheaper(query, rows_.n, lists_.nlist())) {
    return ScanExact(rows_, 0, rows_.n, query, out, distances);
  }
  query.Trace(SearchStrategy::kLists);
  const uint32_t nprobe =
      ResolveNprobe(SettingsOf(query, params_).ivf, query.params, lists_.nlist());
  ProbeGoal goal(query, rows_.n, lists_.nlist(), nprobe);
  ProbeOrder order(lists_, rows_, query.vector, goal.lists());
  *distances += lists_.nlist();
  TopK top(query.k, query.key_limit, out);
  ListScan scan(rows_, query, &top, distances);
  for (size_t read = 0; read < lists_.nlist(); ++read) {
    if (goal.Reached(read, scan.passing())) break;
    const uint32_t list = order.Next();
    SAGITTA_RETURN_IF_ERROR(
        scan.Scan(lists_.positions() + lists_.Begin(list), lists_.End(list) - lists_.Begin(list)));
  }
  top.Finish();
  return Status();
}

}  // namespace sagitta::index
