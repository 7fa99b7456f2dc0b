#include "index/graph_sections.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sagitta::index {
namespace {

constexpr size_t kMostRows = 0x7FFFFFFF;  // the top bit of a position marks it as expanded
constexpr uint32_t kMostDim = 8192;

Status Damaged(const std::string& prefix, const std::string& what) {
  return Status::DataLoss("section " + prefix + "graph: " + what);
}

// The largest of v + 1, where kNoGraphLink wraps to 0: one pass that the compiler vectorises.
uint32_t LargestPlusOne(std::span<const uint32_t> numbers) {
  uint32_t largest = 0;
  for (const uint32_t number : numbers) largest = std::max(largest, number + 1);
  return largest;
}

Status CheckHeader(const GraphHeader& h, const VectorRows& rows, const std::string& prefix) {
  if (h.version != 1) return Damaged(prefix, "unknown version " + std::to_string(h.version));
  if (h.n != rows.n || h.n == 0 || h.n > kMostRows) {
    return Damaged(prefix, "is of " + std::to_string(h.n) + " rows, the segment has " +
                               std::to_string(rows.n));
  }
  if (h.dim != rows.dim || h.dim == 0 || h.dim > kMostDim ||
      h.metric != static_cast<uint32_t>(rows.metric)) {
    return Damaged(prefix, "is of other vectors");
  }
  if (h.degree < 1 || h.degree > kMostGraphDegree) return Damaged(prefix, "wrong degree");
  if (h.seeds < 1 || h.seeds > kMostGraphSeeds) return Damaged(prefix, "wrong number of seeds");
  if (h.usual_width > kMostGraphWidth) return Damaged(prefix, "wrong usual width");
  if (h.transform > static_cast<uint32_t>(GraphTransform::kProjection)) {
    return Damaged(prefix, "unknown transform");
  }
  if (h.transform == 0) return Status();
  if (h.code_kind > static_cast<uint32_t>(kernels::CodeKind::kBit)) {
    return Damaged(prefix, "unknown kind of codes");
  }
  const bool rotated = h.transform == static_cast<uint32_t>(GraphTransform::kRotation);
  if (h.code_dims < 1 || h.code_dims > h.dim || (rotated && h.code_dims != h.dim)) {
    return Damaged(prefix, "wrong dimensions of codes");
  }
  const CodeFormat format(static_cast<kernels::CodeKind>(h.code_kind), h.code_dims);
  return h.code_lines == format.lines() ? Status() : Damaged(prefix, "wrong size of codes");
}

}  // namespace

Result<GraphSections> GraphSections::Open(const VectorRows& rows, const std::string& prefix,
                                          const base::SectionFileReader& file) {
  GraphSections graph;
  SAGITTA_ASSIGN_OR_RETURN(const auto header, file.Section(prefix + "graph.header"));
  if (header.size() != sizeof(GraphHeader)) return Damaged(prefix, "header has a wrong size");
  std::memcpy(&graph.header_, header.data(), sizeof(GraphHeader));
  const GraphHeader& h = graph.header_;
  SAGITTA_RETURN_IF_ERROR(CheckHeader(h, rows, prefix));
  SAGITTA_ASSIGN_OR_RETURN(
      graph.links_,
      file.Array<uint32_t>(prefix + "graph.links", static_cast<int64_t>(h.n * h.degree)));
  SAGITTA_ASSIGN_OR_RETURN(graph.seeds_, file.Array<uint32_t>(prefix + "graph.seeds", h.seeds));
  if (LargestPlusOne(graph.links_) > h.n) return Damaged(prefix, "link out of range");
  for (const uint32_t seed : graph.seeds_) {
    if (seed >= h.n) return Damaged(prefix, "seed out of range");
  }
  if (graph.has_codes()) SAGITTA_RETURN_IF_ERROR(graph.OpenCodes(prefix, file));
  return graph;
}

Status GraphSections::OpenCodes(const std::string& prefix, const base::SectionFileReader& file) {
  SAGITTA_ASSIGN_OR_RETURN(mean_, file.Array<float>(prefix + "graph.mean", header_.dim));
  if (!std::all_of(mean_.begin(), mean_.end(), [](float v) { return std::isfinite(v); })) {
    return Damaged(prefix, "mean is not finite");
  }
  SAGITTA_ASSIGN_OR_RETURN(codes_, file.Section(prefix + "graph.codes"));
  if (codes_.size() != header_.n * format().row_bytes()) {
    return Damaged(prefix, "wrong number of codes");
  }
  if (header_.transform == static_cast<uint32_t>(GraphTransform::kProjection)) {
    SAGITTA_ASSIGN_OR_RETURN(matrix_, file.Section(prefix + "graph.matrix"));
    const size_t row_bytes = QueryTransform::MatrixFormat(header_.dim).row_bytes();
    if (matrix_.size() != header_.code_dims * row_bytes) {
      return Damaged(prefix, "wrong size of the projection");
    }
  }
  return Status();
}

QueryTransform GraphSections::MakeTransform() const {
  return {static_cast<GraphTransform>(header_.transform),
          header_.dim,
          header_.code_dims,
          header_.rotation_seed,
          mean_,
          {reinterpret_cast<const uint8_t*>(matrix_.data()), matrix_.size()}};
}

std::shared_ptr<GraphModel> GraphSections::MakeModel(uint32_t code_bits) const {
  auto model = std::make_shared<GraphModel>();
  model->transform = static_cast<GraphTransform>(header_.transform);
  model->kind = format().kind();
  model->dim = header_.dim;
  model->dims = header_.code_dims;
  model->code_bits = code_bits;
  model->seed = header_.rotation_seed;
  model->usual_width = header_.usual_width;
  model->mean.assign(mean_.begin(), mean_.end());
  if (model->transform != GraphTransform::kProjection) return model;
  model->matrix = AlignedBytes(matrix_.size());
  std::memcpy(model->matrix.data(), matrix_.data(), matrix_.size());
  model->basis.resize(size_t{model->dims} * model->dim);
  const CodeFormat format = QueryTransform::MatrixFormat(model->dim);
  for (size_t i = 0; i < model->dims; ++i) {
    format.Decode(model->matrix.data() + i * format.row_bytes(),
                  model->basis.data() + i * model->dim);
  }
  return model;
}

AlignedBytes SeedCodes(const uint8_t* codes, size_t row_bytes, std::span<const uint32_t> seeds) {
  AlignedBytes beside(seeds.size() * row_bytes);
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::memcpy(beside.data() + i * row_bytes, codes + seeds[i] * row_bytes, row_bytes);
  }
  return beside;
}

Status WriteGraph(const VectorRows& rows, const GraphParams& params, const GraphModel& model,
                  const BuiltGraph& graph, const AlignedBytes& codes, uint32_t usual_width,
                  const std::string& prefix, base::SectionFileWriter* out) {
  const bool with_codes = model.transform != GraphTransform::kNone;
  GraphHeader header;
  header.degree = params.degree;
  header.n = rows.n;
  header.dim = rows.dim;
  header.metric = static_cast<uint32_t>(rows.metric);
  header.transform = static_cast<uint32_t>(model.transform);
  header.seeds = static_cast<uint32_t>(graph.seeds.size());
  header.build_width = params.build_width;
  header.usual_width = usual_width;
  if (with_codes) {
    header.code_kind = static_cast<uint32_t>(model.kind);
    header.code_dims = model.dims;
    header.code_lines = static_cast<uint32_t>(model.Format().lines());
    header.rotation_seed = model.seed;
  }
  const auto write = [&](const char* name, const void* data, size_t bytes) {
    return out->Write(prefix + name, {static_cast<const std::byte*>(data), bytes});
  };
  SAGITTA_RETURN_IF_ERROR(write("graph.header", &header, sizeof(header)));
  SAGITTA_RETURN_IF_ERROR(
      write("graph.links", graph.links.data(), graph.links.size() * sizeof(uint32_t)));
  SAGITTA_RETURN_IF_ERROR(
      write("graph.seeds", graph.seeds.data(), graph.seeds.size() * sizeof(uint32_t)));
  if (!with_codes) return Status();
  SAGITTA_RETURN_IF_ERROR(
      write("graph.mean", model.mean.data(), model.mean.size() * sizeof(float)));
  SAGITTA_RETURN_IF_ERROR(write("graph.codes", codes.data(), codes.size()));
  if (model.transform != GraphTransform::kProjection) return Status();
  return write("graph.matrix", model.matrix.data(), model.matrix.size());
}

}  // namespace sagitta::index
