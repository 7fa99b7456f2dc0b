#include "index/resolve.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "index/coded_rows.h"

namespace sagitta::index {
namespace {

// Below it an exact scan takes a few milliseconds at most.
constexpr size_t kAutoGraphRows = 20'000;
constexpr size_t kUsualCodesPerList = 256;

Status CheckRange(const char* field, uint32_t given, uint32_t low, uint32_t high) {
  if (given >= low && given <= high) return Status();
  return Status::InvalidArgument(field, "is " + std::to_string(given) + ", allowed are " +
                                            std::to_string(low) + " to " + std::to_string(high));
}

Status UnfitKind(IndexKind kind, Dtype dtype) {
  return Status::InvalidArgument(
      "index.kind", "is " + std::to_string(static_cast<int>(kind)) + ", allowed are " +
                        (dtype == Dtype::kBits ? "AUTO, BINARY_FLAT, BINARY_HNSW and BINARY_IVF"
                                               : "AUTO, FLAT, HNSW, IVF_FLAT, IVF_PQ, GRAPH, "
                                                 "FLAT_CODES and IVF_CODES"));
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

// `usual` where neither says a number.
uint32_t Nprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist, uint32_t usual) {
  uint32_t nprobe = ivf.nprobe == 0 ? usual : ivf.nprobe;
  if (params.nprobe.has_value()) nprobe = *params.nprobe;
  return std::clamp<uint32_t>(nprobe, 1, nlist);
}

// Whether both come to the same codec; the metric is the field's.
bool SameCodes(const CodecParams& a, const CodecParams& b, uint32_t dim) {
  const uint32_t dims_a = a.dims == 0 ? dim : a.dims, dims_b = b.dims == 0 ? dim : b.dims;
  const codec::CodecSpec spec_a = ResolveCodec(a, dim, Metric::kL2);
  const codec::CodecSpec spec_b = ResolveCodec(b, dim, Metric::kL2);
  return spec_a.kind == spec_b.kind && a.model == b.model && spec_a.bits == spec_b.bits &&
         spec_a.pieces == spec_b.pieces && dims_a == dims_b && a.transform == b.transform &&
         a.width == b.width && a.near_duplicates == b.near_duplicates &&
         (a.kind != CodecKind::kAllocated || a.bytes == b.bytes);
}

}  // namespace

uint32_t ResolveNlist(const IvfParams& ivf, IndexKind kind, size_t rows) {
  // Codes are scanned by 64s: short lists would be mostly what they are filled up with.
  const bool fewer = kind == IndexKind::kIvfCodes && ivf.nlist == 0;
  const size_t most =
      std::min<size_t>(rows / (fewer ? kUsualCodesPerList : kMinRowsPerList), 65'536);
  const size_t wanted =
      ivf.nlist != 0 ? ivf.nlist : static_cast<size_t>(4.0 * std::sqrt(static_cast<double>(rows)));
  return static_cast<uint32_t>(std::min(wanted, most));
}

uint32_t ResolveNprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist) {
  return Nprobe(ivf, params, nlist, std::max<uint32_t>(8, nlist / 16));
}

uint32_t ResolveCodesNprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist) {
  // A code costs an eighth of a vector or less: on real embeddings more lists pay.
  const auto by_root = static_cast<uint32_t>(8 * std::sqrt(nlist));
  return Nprobe(ivf, params, nlist, std::max(8u, std::min(nlist / 2, by_root)));
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

IndexKind BuiltKind(const IndexParams& params, const RowsShape& rows) {
  const IndexKind kind = ResolveKind(params, rows.n, rows.dtype);
  if (rows.n == 0) return FlatKind(rows.dtype);
  const bool coded = kind == IndexKind::kFlatCodes || kind == IndexKind::kIvfCodes;
  if (coded && rows.n < LeastCodedRows(params.codec, rows.dim)) return IndexKind::kFlat;
  const bool inverted =
      kind == IndexKind::kIvfFlat || kind == IndexKind::kIvfPq || kind == IndexKind::kBinaryIvf;
  if (inverted && ResolveNlist(params.ivf, kind, rows.n) == 0) return FlatKind(rows.dtype);
  if (kind == IndexKind::kIvfCodes && ResolveNlist(params.ivf, kind, rows.n) == 0) {
    return IndexKind::kFlatCodes;
  }
  if (kind == IndexKind::kIvfPq && rows.n >> std::min(params.pq.nbits, 31u) == 0) {
    return IndexKind::kFlat;
  }
  return kind;
}

bool Satisfies(const IndexParams& built_params, IndexKind built, const IndexParams& wanted,
               const RowsShape& rows) {
  if (built != BuiltKind(wanted, rows)) return false;
  switch (built) {
    case IndexKind::kFlat:
    case IndexKind::kBinaryFlat:
      return true;
    case IndexKind::kHnsw:
    case IndexKind::kBinaryHnsw:
      return built_params.hnsw.m == wanted.hnsw.m &&
             built_params.hnsw.ef_construction == wanted.hnsw.ef_construction;
    case IndexKind::kFlatCodes:
      return SameCodes(built_params.codec, wanted.codec, rows.dim);
    case IndexKind::kIvfFlat:
    case IndexKind::kIvfPq:
    case IndexKind::kIvfCodes:
    case IndexKind::kBinaryIvf:
      if (ResolveNlist(built_params.ivf, built, rows.n) !=
          ResolveNlist(wanted.ivf, built, rows.n)) {
        return false;
      }
      if (built == IndexKind::kIvfCodes) {
        return SameCodes(built_params.codec, wanted.codec, rows.dim);
      }
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
    case IndexKind::kFlatCodes:
      return CheckRange("index.codec.dims", params.codec.dims, 0, dim);
    case IndexKind::kIvfCodes:
      SAGITTA_RETURN_IF_ERROR(CheckRange("index.codec.dims", params.codec.dims, 0, dim));
      [[fallthrough]];
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
