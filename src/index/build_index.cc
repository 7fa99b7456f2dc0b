// BuildIndex: from rows to the sections of one index.
#include <memory>
#include <string>

#include "index/coded_rows.h"
#include "index/graph_build.h"
#include "index/graph_sections.h"
#include "index/graph_width.h"
#include "index/hnsw_build.h"
#include "index/hnsw_links.h"
#include "index/ivf_lists.h"
#include "index/ivf_train.h"
#include "index/pq_train.h"
#include "index/resolve.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

Status BuildHnsw(const VectorRows& rows, const HnswParams& params, const std::string& prefix,
                 const BuildContext& context, base::SectionFileWriter* out) {
  SAGITTA_ASSIGN_OR_RETURN(const auto graph,
                           BuildHnswGraph(rows, params, Phase(context, 0.0, 0.98)));
  return WriteHnswLinks(*graph, params.m, prefix, out);
}

Status BuildGraph(const VectorRows& rows, const GraphParams& params, const std::string& prefix,
                  const BuildContext& context, GraphStart* start, base::SectionFileWriter* out) {
  GraphModel trained;
  const GraphModel* known = start == nullptr ? nullptr : start->model.get();
  if (known == nullptr || !GraphModelSuits(*known, rows, params.code_bits)) {
    SAGITTA_RETURN_IF_ERROR(
        TrainGraphModel(rows, params.code_bits, Phase(context, 0.0, 0.1), &trained));
    known = &trained;
  }
  const GraphModel& model = *known;
  GraphSpace space(rows, model);
  AlignedBytes codes;
  SAGITTA_RETURN_IF_ERROR(space.Encode(Phase(context, 0.1, 0.2), &codes));
  BuiltGraph graph;
  SAGITTA_RETURN_IF_ERROR(BuildGraphLinks(space, params, Phase(context, 0.2, 0.96), &graph, start));
  uint32_t width = 0;
  SAGITTA_RETURN_IF_ERROR(MeasureGraphWidth(rows, params, model, graph, codes, context, &width));
  return WriteGraph(rows, params, model, graph, codes, width, prefix, out);
}

Status WritePq(const PqCodes& pq, const std::string& prefix, base::SectionFileWriter* out) {
  SAGITTA_RETURN_IF_ERROR(
      out->WriteArray(prefix + "pq.codebook", std::span<const float>(pq.codebook)));
  SAGITTA_RETURN_IF_ERROR(out->WriteArray(prefix + "pq.codes", std::span<const uint8_t>(pq.codes)));
  if (pq.bias.empty()) return Status();
  return out->WriteArray(prefix + "pq.bias", std::span<const float>(pq.bias));
}

Status BuildIvf(IndexKind kind, const VectorRows& rows, const IndexParams& params,
                const std::string& prefix, const BuildContext& context,
                base::SectionFileWriter* out) {
  const bool with_pq = kind == IndexKind::kIvfPq;
  const double trained = kind == IndexKind::kIvfFlat ? 0.98 : 0.5;
  IvfHeader header;
  header.kind = static_cast<uint32_t>(kind);
  header.n = rows.n;
  header.dim = rows.dim;
  header.nlist = ResolveNlist(params.ivf, kind, rows.n);
  header.metric = static_cast<uint32_t>(rows.metric);
  IvfAssignment lists;
  std::vector<uint32_t> list_of;
  SAGITTA_RETURN_IF_ERROR(
      TrainLists(rows, header.nlist, Phase(context, 0.0, trained), &lists, &list_of));
  PqCodes pq;
  if (with_pq) {
    const PqShape shape{rows.dim, ResolvePqM(params.pq, rows.dim), params.pq.nbits};
    header.pq_m = shape.m;
    header.pq_nbits = shape.nbits;
    header.pq_code_size = shape.code_size();
    SAGITTA_RETURN_IF_ERROR(TrainPq(rows, shape, lists, list_of, Phase(context, 0.5, 0.98), &pq));
  }
  SAGITTA_RETURN_IF_ERROR(WriteIvfLists(header, lists, prefix, out));
  if (kind == IndexKind::kIvfCodes) {
    return BuildCodedRows(rows, params.codec, {lists.offsets, lists.positions},
                          Phase(context, trained, 0.98), prefix, out);
  }
  return with_pq ? WritePq(pq, prefix, out) : Status();
}

}  // namespace

Result<IndexKind> BuildIndex(const VectorRows& rows, const IndexParams& params,
                             const std::string& prefix, const BuildContext& context,
                             base::SectionFileWriter* out, GraphStart* start) {
  SAGITTA_RETURN_IF_ERROR(
      CheckParams(params, ResolveKind(params, rows.n, rows.dtype), rows.dim, rows.dtype));
  if (rows.n > kMaxHnswRows) {
    return Status::InvalidArgument("rows", "a segment has " + std::to_string(rows.n) +
                                               " rows, an index holds at most " +
                                               std::to_string(kMaxHnswRows));
  }
  SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
  const IndexKind kind = BuiltKind(params, {rows.n, rows.dim, rows.dtype});
  Status inner;
  SAGITTA_RETURN_IF_ERROR(CatchExceptions(context, [&] {
    if (kind == IndexKind::kHnsw || kind == IndexKind::kBinaryHnsw) {
      inner = BuildHnsw(rows, params.hnsw, prefix, context, out);
    } else if (kind == IndexKind::kGraph) {
      inner = BuildGraph(rows, params.graph, prefix, context, start, out);
    } else if (kind == IndexKind::kFlatCodes) {
      const uint64_t offsets[] = {0, rows.n};
      inner = BuildCodedRows(rows, params.codec, {offsets, {}}, Phase(context, 0.0, 0.98), prefix,
                             out);
    } else if (!IsFlat(kind)) {
      inner = BuildIvf(kind, rows, params, prefix, context, out);
    }
  }));
  SAGITTA_RETURN_IF_ERROR(inner);
  Report(context, 1.0);
  return kind;
}

}  // namespace sagitta::index
