#include "index/resolve.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace sagitta::index {
namespace {

// Below it an exact scan takes a few milliseconds at most.
constexpr size_t kAutoGraphRows = 20'000;

Status CheckRange(const char* field, uint32_t given, uint32_t low, uint32_t high) {
  if (given >= low && given <= high) return Status();
  return Status::InvalidArgument(field, "is " + std::to_string(given) + ", allowed are " +
                                            std::to_string(low) + " to " + std::to_string(high));
}

Status UnfitKind(IndexKind kind, Dtype dtype) {
  return Status::InvalidArgument(
      "index.kind", "is " + std::to_string(static_cast<int>(kind)) + ", allowed are " +
                        (dtype == Dtype::kBits ? "AUTO, BINARY_FLAT, BINARY_HNSW and BINARY_IVF"
                                               : "AUTO, FLAT, HNSW, IVF_FLAT, IVF_PQ and GRAPH"));
}

Status CheckPq(const PqParams& pq, uint32_t dim) {
  SAGITTA_RETURN_IF_ERROR(CheckRange("index.pq.nbits", pq.nbits, 4, 8));
  if (pq.m > dim || (pq.m != 0 && dim % pq.m != 0)) {
    return Status::InvalidArgument(
        "index.pq.m",
        "is " + std::to_string(pq.m) + ", allowed are the divisors of dim " + std::to_string(dim));
  }
  return Status();
}

Status CheckGraph(const GraphParams& graph) {
  SAGITTA_RETURN_IF_ERROR(CheckRange("index.graph.degree", graph.degree, 8, 128));
  SAGITTA_RETURN_IF_ERROR(CheckRange("index.graph.build_width", graph.build_width, 16, 4096));
  if (!(graph.alpha >= 1.0f && graph.alpha <= 2.0f)) {
    return Status::InvalidArgument("index.graph.alpha", "is not from 1 to 2");
  }
  if (graph.code_bits == 1 || graph.code_bits == 4 || graph.code_bits == 8) return Status();
  return Status::InvalidArgument("index.graph.code_bits", "is " + std::to_string(graph.code_bits) +
                                                              ", allowed are 1, 4 and 8");
}

}  // namespace

uint32_t ResolveNlist(const IvfParams& ivf, size_t rows) {
  const size_t most = std::min<size_t>(rows / kMinRowsPerList, 65'536);
  const size_t wanted =
      ivf.nlist != 0 ? ivf.nlist : static_cast<size_t>(4.0 * std::sqrt(static_cast<double>(rows)));
  return static_cast<uint32_t>(std::min(wanted, most));
}

uint32_t ResolveNprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist) {
  uint32_t nprobe = std::max<uint32_t>(8, nlist / 16);
  if (ivf.nprobe != 0) nprobe = ivf.nprobe;
  if (params.nprobe.has_value()) nprobe = *params.nprobe;
  return std::clamp<uint32_t>(nprobe, 1, nlist);
}

uint32_t ResolvePqM(const PqParams& pq, uint32_t dim) {
  if (pq.m != 0) return pq.m;
  for (uint32_t m = dim / 4; m > 1; --m) {
    if (dim % m == 0) return m;
  }
  return 1;
}

IndexKind ResolveKind(const IndexParams& params, size_t rows, Dtype dtype) {
  if (params.kind != IndexKind::kAuto) return params.kind;
  if (rows < kAutoGraphRows) return FlatKind(dtype);
  return dtype == Dtype::kBits ? IndexKind::kBinaryHnsw : IndexKind::kGraph;
}

IndexKind BuiltKind(const IndexParams& params, size_t rows, Dtype dtype) {
  const IndexKind kind = ResolveKind(params, rows, dtype);
  if (rows == 0) return FlatKind(dtype);
  const bool inverted =
      kind == IndexKind::kIvfFlat || kind == IndexKind::kIvfPq || kind == IndexKind::kBinaryIvf;
  if (inverted && ResolveNlist(params.ivf, rows) == 0) return FlatKind(dtype);
  if (kind == IndexKind::kIvfPq && rows >> std::min(params.pq.nbits, 31u) == 0) {
    return IndexKind::kFlat;
  }
  return kind;
}

bool Satisfies(const IndexParams& built_params, IndexKind built, const IndexParams& wanted,
               size_t rows, Dtype dtype) {
  if (built != BuiltKind(wanted, rows, dtype)) return false;
  switch (built) {
    case IndexKind::kFlat:
    case IndexKind::kBinaryFlat:
      return true;
    case IndexKind::kHnsw:
    case IndexKind::kBinaryHnsw:
      return built_params.hnsw.m == wanted.hnsw.m &&
             built_params.hnsw.ef_construction == wanted.hnsw.ef_construction;
    case IndexKind::kIvfFlat:
    case IndexKind::kIvfPq:
    case IndexKind::kBinaryIvf:
      if (ResolveNlist(built_params.ivf, rows) != ResolveNlist(wanted.ivf, rows)) return false;
      return built != IndexKind::kIvfPq ||
             (built_params.pq.m == wanted.pq.m && built_params.pq.nbits == wanted.pq.nbits);
    case IndexKind::kGraph:
      return built_params.graph.degree == wanted.graph.degree &&
             built_params.graph.build_width == wanted.graph.build_width &&
             built_params.graph.alpha == wanted.graph.alpha &&
             built_params.graph.code_bits == wanted.graph.code_bits;
    default:
      return false;
  }
}

Status CheckParams(const IndexParams& params, IndexKind kind, uint32_t dim, Dtype dtype) {
  if (IsBinary(kind) != (dtype == Dtype::kBits)) return UnfitKind(kind, dtype);
  switch (kind) {
    case IndexKind::kFlat:
    case IndexKind::kBinaryFlat:
      return Status();
    case IndexKind::kHnsw:
    case IndexKind::kBinaryHnsw:
      SAGITTA_RETURN_IF_ERROR(CheckRange("index.hnsw.m", params.hnsw.m, 2, 128));
      return CheckRange("index.hnsw.ef_construction", params.hnsw.ef_construction, 4, 4096);
    case IndexKind::kIvfFlat:
    case IndexKind::kBinaryIvf:
      return CheckRange("index.ivf.nlist", params.ivf.nlist, 0, 65'536);
    case IndexKind::kIvfPq:
      SAGITTA_RETURN_IF_ERROR(CheckRange("index.ivf.nlist", params.ivf.nlist, 0, 65'536));
      return CheckPq(params.pq, dim);
    case IndexKind::kGraph:
      return CheckGraph(params.graph);
    default:
      return UnfitKind(kind, dtype);
  }
}

}  // namespace sagitta::index
