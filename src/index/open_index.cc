// OpenIndex: from the sections of one index to a VectorIndex that trusts every number in them.
#include <string>

#include "index/flat.h"
#include "index/flat_codes.h"
#include "index/graph_search.h"
#include "index/hnsw_search.h"
#include "index/ivf_codes.h"
#include "index/ivf_flat.h"
#include "index/ivf_pq.h"

namespace sagitta::index {
namespace {

Result<std::unique_ptr<VectorIndex>> OpenHnsw(const IndexParams& params, const VectorRows& rows,
                                              const std::string& prefix,
                                              const base::SectionFileReader& file) {
  SAGITTA_ASSIGN_OR_RETURN(HnswLinks links, HnswLinks::Open(prefix, rows.n, file));
  return std::unique_ptr<VectorIndex>(
      std::make_unique<HnswIndex>(rows, std::move(links), params.hnsw.ef_search));
}

Result<std::unique_ptr<VectorIndex>> OpenGraph(const IndexParams& params, const VectorRows& rows,
                                               const std::string& prefix,
                                               const base::SectionFileReader& file) {
  SAGITTA_ASSIGN_OR_RETURN(GraphSections graph, GraphSections::Open(rows, prefix, file));
  return std::unique_ptr<VectorIndex>(
      std::make_unique<GraphIndex>(rows, std::move(graph), params.graph));
}

Result<std::unique_ptr<VectorIndex>> OpenIvf(IndexKind kind, const IndexParams& params,
                                             const VectorRows& rows, const std::string& prefix,
                                             const base::SectionFileReader& file) {
  SAGITTA_ASSIGN_OR_RETURN(IvfLists lists, IvfLists::Open(kind, rows, prefix, file));
  if (kind == IndexKind::kIvfCodes) {
    SAGITTA_ASSIGN_OR_RETURN(CodedRows codes,
                             CodedRows::Open(rows, lists.offsets(), prefix, file));
    return std::unique_ptr<VectorIndex>(
        std::make_unique<IvfCodesIndex>(rows, std::move(lists), std::move(codes), params));
  }
  if (kind != IndexKind::kIvfPq) {
    return std::unique_ptr<VectorIndex>(
        std::make_unique<IvfFlatIndex>(rows, std::move(lists), params));
  }
  SAGITTA_ASSIGN_OR_RETURN(PqSections pq, PqSections::Open(lists, rows, prefix, file));
  return std::unique_ptr<VectorIndex>(
      std::make_unique<IvfPqIndex>(rows, std::move(lists), std::move(pq), params));
}

Result<std::unique_ptr<VectorIndex>> OpenFlatCodes(const IndexParams& params,
                                                   const VectorRows& rows,
                                                   const std::string& prefix,
                                                   const base::SectionFileReader& file) {
  const uint64_t offsets[] = {0, rows.n};
  SAGITTA_ASSIGN_OR_RETURN(CodedRows codes, CodedRows::Open(rows, offsets, prefix, file));
  return std::unique_ptr<VectorIndex>(
      std::make_unique<FlatCodesIndex>(rows, std::move(codes), params));
}

}  // namespace

Result<std::unique_ptr<VectorIndex>> OpenIndex(IndexKind kind, const IndexParams& params,
                                               const VectorRows& rows, const std::string& prefix,
                                               const base::SectionFileReader& file) {
  if (IsBinary(kind) != (rows.dtype == Dtype::kBits)) {
    return Status::DataLoss("section " + prefix + "*: index kind " +
                            std::to_string(static_cast<int>(kind)) +
                            " is none for the vectors' dtype");
  }
  switch (kind) {
    case IndexKind::kFlat:
    case IndexKind::kBinaryFlat:
      return std::unique_ptr<VectorIndex>(std::make_unique<FlatIndex>(rows));
    case IndexKind::kHnsw:
    case IndexKind::kBinaryHnsw:
      return OpenHnsw(params, rows, prefix, file);
    case IndexKind::kGraph:
      return OpenGraph(params, rows, prefix, file);
    case IndexKind::kFlatCodes:
      return OpenFlatCodes(params, rows, prefix, file);
    case IndexKind::kIvfFlat:
    case IndexKind::kIvfPq:
    case IndexKind::kIvfCodes:
    case IndexKind::kBinaryIvf:
      return OpenIvf(kind, params, rows, prefix, file);
    default:
      return Status::DataLoss("section " + prefix + "*: index kind " +
                              std::to_string(static_cast<int>(kind)) + " is not known");
  }
}

}  // namespace sagitta::index
