#include "index/ivf_lists.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/bitset.h"

namespace sagitta::index {
namespace {

Status Damaged(const std::string& prefix, const std::string& what) {
  return Status::DataLoss("section " + prefix + "ivf: " + what);
}

}  // namespace

Result<IvfLists> IvfLists::Open(IndexKind kind, const VectorRows& rows, const std::string& prefix,
                                const base::SectionFileReader& file) {
  IvfLists lists;
  SAGITTA_ASSIGN_OR_RETURN(const auto header, file.Section(prefix + "ivf.header"));
  if (header.size() != sizeof(IvfHeader)) return Damaged(prefix, "header has a wrong size");
  std::memcpy(&lists.header_, header.data(), sizeof(IvfHeader));
  const IvfHeader& h = lists.header_;
  if (h.version != 1) return Damaged(prefix, "unknown version " + std::to_string(h.version));
  if (h.kind != static_cast<uint32_t>(kind)) return Damaged(prefix, "is of another kind");
  if (h.n != rows.n || h.dim != rows.dim || h.metric != static_cast<uint32_t>(rows.metric)) {
    return Damaged(prefix, "rows, dim or metric are not the segment's");
  }
  if (h.nlist == 0 || h.nlist > 65'536) return Damaged(prefix, "number of lists out of range");
  const Dtype dtype = rows.dtype == Dtype::kBits ? Dtype::kBits : Dtype::kF32;
  lists.centroids_ = {
      .data = nullptr, .n = h.nlist, .dim = h.dim, .dtype = dtype, .metric = rows.metric};
  SAGITTA_ASSIGN_OR_RETURN(const auto centroids, file.Section(prefix + "ivf.centroids"));
  if (centroids.size() != h.nlist * lists.centroids_.stride()) {
    return Damaged(prefix, "centroids have a wrong size");
  }
  lists.centroids_.data = centroids.data();
  SAGITTA_ASSIGN_OR_RETURN(lists.offsets_,
                           file.Array<uint64_t>(prefix + "ivf.offsets", int64_t{h.nlist} + 1));
  SAGITTA_ASSIGN_OR_RETURN(lists.positions_, file.Array<uint32_t>(prefix + "ivf.positions",
                                                                  static_cast<int64_t>(rows.n)));
  lists.bytes_ = sizeof(IvfHeader) + centroids.size() + lists.offsets_.size_bytes() +
                 lists.positions_.size_bytes();
  SAGITTA_RETURN_IF_ERROR(lists.Check(prefix, rows.n));
  return lists;
}

Status IvfLists::Check(const std::string& prefix, size_t n) const {
  if (offsets_.front() != 0 || offsets_.back() != n ||
      !std::is_sorted(offsets_.begin(), offsets_.end())) {
    return Damaged(prefix, "list offsets do not ascend to the number of rows");
  }
  SAGITTA_RETURN_IF_ERROR(CheckCentroids(prefix));
  base::Bitset seen(n);
  for (const uint32_t position : positions_) {
    if (position >= n || seen.Test(position)) {
      return Damaged(prefix, "positions are no permutation");
    }
    seen.Set(position);
  }
  return Status();
}

Status IvfLists::CheckCentroids(const std::string& prefix) const {
  if (centroids_.dtype == Dtype::kF32) {
    const auto* floats = reinterpret_cast<const float*>(centroids_.data);
    if (kernels::AllFinite(floats, centroids_.n * centroids_.dim)) return Status();
    return Damaged(prefix, "a centroid is not finite");
  }
  const uint32_t used = centroids_.dim % 8;
  for (size_t i = 0; used != 0 && i < centroids_.n; ++i) {
    if (std::to_integer<uint32_t>(centroids_.row(i)[centroids_.stride() - 1]) >> used == 0) {
      continue;
    }
    return Damaged(prefix, "a centroid has bits beyond dim");
  }
  return Status();
}

void FillLists(const std::vector<uint32_t>& list_of, uint32_t nlist, IvfAssignment* assignment) {
  std::vector<uint64_t>& offsets = assignment->offsets;
  offsets.assign(size_t{nlist} + 1, 0);
  for (const uint32_t list : list_of) ++offsets[list + 1];
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
  assignment->positions.resize(list_of.size());
  for (size_t i = 0; i < list_of.size(); ++i) {
    assignment->positions[next[list_of[i]]++] = static_cast<uint32_t>(i);
  }
}

Status WriteIvfLists(const IvfHeader& header, const IvfAssignment& lists, const std::string& prefix,
                     base::SectionFileWriter* out) {
  SAGITTA_RETURN_IF_ERROR(out->Write(prefix + "ivf.header", std::as_bytes(std::span(&header, 1))));
  SAGITTA_RETURN_IF_ERROR(
      out->Write(prefix + "ivf.centroids", lists.bit_centroids.empty()
                                               ? std::as_bytes(std::span(lists.centroids))
                                               : std::as_bytes(std::span(lists.bit_centroids))));
  SAGITTA_RETURN_IF_ERROR(
      out->WriteArray(prefix + "ivf.offsets", std::span<const uint64_t>(lists.offsets)));
  return out->WriteArray(prefix + "ivf.positions", std::span<const uint32_t>(lists.positions));
}

}  // namespace sagitta::index
