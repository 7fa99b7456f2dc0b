#include "cli/schema_options.h"

#include <charconv>
#include <sstream>

#include "cli/json_text.h"
#include "cli/proto_json.h"
#include "cli/read_options.h"

namespace sagitta::cli {
namespace {

template <typename T>
void AddOptional(CLI::App& app, const std::string& name, std::optional<T>& value,
                 const std::string& help) {
  app.add_option(name, value, help);
}

Status ParseMetric(const std::string& name, v1::VectorField* out) {
  auto number =
      ParseEnum(*v1::Metric_descriptor(), name == "IP" || name == "ip" ? "INNER_PRODUCT" : name);
  if (!number.ok()) return Status::InvalidArgument("metric", number.status().message());
  out->set_metric(static_cast<v1::Metric>(*number));
  return Status::Ok();
}

Status ParseStorage(const std::string& name, v1::VectorField* out) {
  auto number = ParseEnum(*v1::Dtype_descriptor(), name);
  if (!number.ok()) return Status::InvalidArgument("storage", number.status().message());
  out->set_storage(static_cast<v1::Dtype>(*number));
  return Status::Ok();
}

Status ParseKind(const std::string& name, v1::IndexParams* out) {
  auto number = ParseEnum(*v1::IndexKind_descriptor(), name);
  if (!number.ok()) return Status::InvalidArgument("index", number.status().message());
  out->set_kind(static_cast<v1::IndexKind>(*number));
  return Status::Ok();
}

Status ParseCodec(const std::string& name, v1::CodecParams* out) {
  auto number = ParseEnum(*v1::CodecKind_descriptor(), name);
  if (!number.ok()) return Status::InvalidArgument("codec", number.status().message());
  out->set_kind(static_cast<v1::CodecKind>(*number));
  return Status::Ok();
}

Status ParseTransform(const std::string& name, v1::CodecParams* out) {
  auto number = ParseEnum(*v1::CodecTransform_descriptor(), name);
  if (!number.ok()) return Status::InvalidArgument("codec_transform", number.status().message());
  out->set_transform(static_cast<v1::CodecTransform>(*number));
  return Status::Ok();
}

Status ParseResidency(const std::string& name, v1::IndexParams* out) {
  auto number = ParseEnum(*v1::Residency_descriptor(), name);
  if (!number.ok()) return Status::InvalidArgument("residency", number.status().message());
  out->set_residency(static_cast<v1::Residency>(*number));
  return Status::Ok();
}

}  // namespace

void IndexOptions::AddTo(CLI::App& app) {
  app.add_option("--index", kind,
                 "AUTO, FLAT, HNSW, IVF_FLAT, IVF_PQ, GRAPH, FLAT_CODES or IVF_CODES; of BITS\n"
                 "AUTO, BINARY_FLAT, BINARY_HNSW or BINARY_IVF");
  AddOptional(app, "--m", m, "HNSW: links per node, 2–128");
  AddOptional(app, "--ef-construction", ef_construction, "HNSW: candidates while building");
  AddOptional(app, "--ef-search", ef_search,
              "HNSW, GRAPH: candidates while searching, the default");
  AddOptional(app, "--nlist", nlist, "IVF: number of lists");
  AddOptional(app, "--nprobe", nprobe, "IVF: lists read by a query, the default");
  AddOptional(app, "--pq-m", pq_m, "IVF_PQ: sub-quantizers, a divisor of dim");
  AddOptional(app, "--pq-nbits", pq_nbits, "IVF_PQ: bits per code, 4–8");
  AddOptional(app, "--oversampling", oversampling,
              "IVF_PQ, GRAPH, *_CODES: k × this many are reranked, 1–100");
  AddOptional(app, "--degree", degree, "GRAPH: links per node, 8–128");
  AddOptional(app, "--build-width", build_width, "GRAPH: candidates while building");
  AddOptional(app, "--alpha", alpha, "GRAPH: how freely links are left out, 1–2");
  AddOptional(app, "--code-bits", code_bits, "GRAPH: bits of a code per dimension: 1, 4 or 8");
  app.add_option("--codec", codec,
                 "*_CODES: F16, BF16, SQ, SQ_ROW, SIGN, RECURRENT, RABITQ, TRANSFORM, PQ, OPQ or\n"
                 "LEARNED");
  AddOptional(app, "--codec-bits", codec_bits, "Codec: bits of an element or of a PQ piece");
  AddOptional(app, "--codec-pieces", codec_pieces, "PQ, OPQ: pieces that a vector is cut into");
  AddOptional(app, "--codec-bytes", codec_bytes, "TRANSFORM: bytes of a row");
  app.add_option("--codec-transform", codec_transform,
                 "SQ, SQ_ROW, SIGN, RABITQ: USUAL, NONE, ROTATION, PCA, WHITENING or SPARSE");
  AddOptional(app, "--codec-width", codec_width, "PCA, WHITENING, SPARSE: elements of a code");
  AddOptional(app, "--near-duplicates", near_duplicates,
              "*_CODES: rows share a code up to so much of the standard deviation apart, 0–1");
  app.add_option("--codec-model", codec_model, "LEARNED, which it stands for: NAME@VERSION");
  AddOptional(app, "--search-dims", search_dims, "*_CODES: code only the first of all dimensions");
  app.add_option("--residency", residency,
                 "Where stored vectors are kept: AUTO (as the memory limit allows), MEMORY, DISK");
}

bool IndexOptions::Any() const {
  return !kind.empty() || m || ef_construction || ef_search || nlist || nprobe || pq_m ||
         pq_nbits || oversampling || degree || build_width || code_bits || alpha ||
         !codec.empty() || codec_bits || codec_pieces || codec_bytes || codec_width ||
         search_dims || !codec_model.empty() || !codec_transform.empty() || near_duplicates ||
         !residency.empty();
}

Status IndexOptions::Apply(v1::IndexParams* out) const {
  if (!kind.empty()) SAGITTA_RETURN_IF_ERROR(ParseKind(kind, out));
  if (m) out->mutable_hnsw()->set_m(*m);
  if (ef_construction) out->mutable_hnsw()->set_ef_construction(*ef_construction);
  if (ef_search) {
    out->mutable_hnsw()->set_ef_search(*ef_search);
    out->mutable_graph()->set_ef_search(*ef_search);
  }
  if (nlist) out->mutable_ivf()->set_nlist(*nlist);
  if (nprobe) out->mutable_ivf()->set_nprobe(*nprobe);
  if (pq_m) out->mutable_pq()->set_m(*pq_m);
  if (pq_nbits) out->mutable_pq()->set_nbits(*pq_nbits);
  if (oversampling) {
    out->mutable_pq()->set_oversampling(*oversampling);
    out->mutable_graph()->set_oversampling(*oversampling);
    out->mutable_codec()->set_oversampling(*oversampling);
  }
  if (degree) out->mutable_graph()->set_degree(*degree);
  if (build_width) out->mutable_graph()->set_build_width(*build_width);
  if (alpha) out->mutable_graph()->set_alpha(*alpha);
  if (code_bits) out->mutable_graph()->set_code_bits(*code_bits);
  if (!codec.empty()) SAGITTA_RETURN_IF_ERROR(ParseCodec(codec, out->mutable_codec()));
  if (codec_bits) out->mutable_codec()->set_bits(*codec_bits);
  if (codec_pieces) out->mutable_codec()->set_pieces(*codec_pieces);
  if (codec_bytes) out->mutable_codec()->set_bytes(*codec_bytes);
  if (!codec_transform.empty()) {
    SAGITTA_RETURN_IF_ERROR(ParseTransform(codec_transform, out->mutable_codec()));
  }
  if (near_duplicates) out->mutable_codec()->set_near_duplicates(*near_duplicates);
  if (codec_width) out->mutable_codec()->set_width(*codec_width);
  if (!codec_model.empty()) out->mutable_codec()->set_model(codec_model);
  if (search_dims) out->mutable_codec()->set_dims(*search_dims);
  if (!residency.empty()) SAGITTA_RETURN_IF_ERROR(ParseResidency(residency, out));
  return Status::Ok();
}

void CompactionOptions::AddTo(CLI::App& app) {
  AddOptional(app, "--seal-rows", seal_rows, "Rows that make a mutable segment full");
  AddOptional(app, "--seal-idle-ms", seal_idle_ms, "Quiet time before a smaller one is sealed");
  AddOptional(app, "--seal-min-rows", seal_min_rows, "Rows below which it is not");
  AddOptional(app, "--max-segment-rows", max_segment_rows, "Rows above which none are merged");
  AddOptional(app, "--deleted-ratio", deleted_ratio, "Dead share that makes a rewrite, 0–1");
}

bool CompactionOptions::Any() const {
  return seal_rows || seal_idle_ms || seal_min_rows || max_segment_rows || deleted_ratio;
}

void CompactionOptions::Apply(v1::CompactionSettings* out) const {
  if (seal_rows) out->set_seal_rows(*seal_rows);
  if (seal_idle_ms) out->set_seal_idle_ms(*seal_idle_ms);
  if (seal_min_rows) out->set_seal_min_rows(*seal_min_rows);
  if (max_segment_rows) out->set_max_segment_rows(*max_segment_rows);
  if (deleted_ratio) out->set_deleted_ratio(*deleted_ratio);
}

void SchemaOptions::AddTo(CLI::App& app) {
  app.add_option("name", name, "Name, [a-z0-9][a-z0-9_-]{0,63}")->required();
  auto* dim_option = app.add_option("--dim", dim, "Dimensions of the one vector field");
  app.add_option("--metric", metric,
                 "L2, INNER_PRODUCT (IP), COSINE or L1; of BITS HAMMING or JACCARD")
      ->capture_default_str();
  app.add_option("--storage", storage, "F32, F16, BF16, I8, U8 or BITS")->capture_default_str();
  app.add_option("--field-name", field_name, "Name of the one vector field")->capture_default_str();
  auto* fields_option =
      AddRepeated(app, "--field", fields, "A vector field, name:dim:metric[:index[:storage]]");
  fields_option->excludes(dim_option);
  app.add_option("--schema", schema_file,
                 "Schema as JSON, or @FILE, as `collection get -o json` prints")
      ->excludes(dim_option)
      ->excludes(fields_option);
  app.add_option("--shards", shards, "1–64, fixed for life")->capture_default_str();
  AddRepeated(app, "--payload-index", payload_indexes,
              std::string("path:kind; kind ") + kPayloadIndexKinds);
  index.AddTo(app);
  compaction.AddTo(app);
}

Outcome SchemaOptions::Build(v1::CollectionSchema* out) const {
  if (!schema_file.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(const auto json, ParseJsonArgument(schema_file, "--schema"));
    SAGITTA_RETURN_IF_ERROR(JsonToProto(json, out));
  }
  out->set_name(name);
  if (schema_file.empty()) out->set_shards(shards);
  for (const auto& text : fields) {
    if (Status status = ParseField(text, out->add_fields()); !status.ok()) {
      return Outcome::Usage("--field " + text + ": " + status.message());
    }
  }
  if (dim != 0) {
    v1::VectorField* field = out->add_fields();
    field->set_name(field_name);
    field->set_dim(dim);
    if (Status status = ParseMetric(metric, field); !status.ok()) return Outcome::Usage(status);
    if (Status status = ParseStorage(storage, field); !status.ok()) return Outcome::Usage(status);
  }
  if (out->fields().empty()) return Outcome::Usage("one of --dim, --field, --schema is needed");
  if (index.Any()) {
    for (auto& field : *out->mutable_fields()) {
      if (Status status = index.Apply(field.mutable_index()); !status.ok()) {
        return Outcome::Usage(status);
      }
    }
  }
  for (const auto& text : payload_indexes) {
    if (Status status = ParsePayloadIndex(text, out->add_indexes()); !status.ok()) {
      return Outcome::Usage(status);
    }
  }
  if (compaction.Any()) compaction.Apply(out->mutable_compaction());
  return Outcome::Ok();
}

void UpdateOptions::AddTo(CLI::App& app) {
  app.add_option("name", name, "Name or alias")->required();
  app.add_option("--field", field, "The vector field to change; all when not given");
  index.AddTo(app);
  compaction.AddTo(app);
}

Outcome UpdateOptions::Build(const v1::CollectionSchema& current,
                             v1::UpdateCollectionRequest* out) const {
  if (!index.Any() && !compaction.Any()) {
    return Outcome::Usage("nothing to change: give index or compaction settings");
  }
  out->set_name(name);
  bool known = field.empty();
  for (const auto& existing : current.fields()) {
    if (!field.empty() && existing.name() != field) continue;
    known = true;
    if (!index.Any()) continue;
    auto* change = out->add_fields();
    change->set_name(existing.name());
    *change->mutable_index() = existing.index();
    if (Status status = index.Apply(change->mutable_index()); !status.ok()) {
      return Outcome::Usage(status);
    }
  }
  if (!known)
    return Outcome::Usage("--field " + field + ": " + current.name() + " has no such field");
  if (compaction.Any()) {
    *out->mutable_compaction() = current.compaction();
    compaction.Apply(out->mutable_compaction());
  }
  return Outcome::Ok();
}

Status ParseField(const std::string& text, v1::VectorField* out) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(part);
  if (parts.size() < 3 || parts.size() > 5) {
    return Status::InvalidArgument("", "is not name:dim:metric[:index[:storage]]");
  }
  uint32_t dim = 0;
  const auto& digits = parts[1];
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), dim);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    return Status::InvalidArgument("", "dim '" + digits + "' is not a whole number");
  }
  out->set_name(parts[0]);
  out->set_dim(dim);
  SAGITTA_RETURN_IF_ERROR(ParseMetric(parts[2], out));
  if (parts.size() > 3) SAGITTA_RETURN_IF_ERROR(ParseKind(parts[3], out->mutable_index()));
  if (parts.size() > 4) SAGITTA_RETURN_IF_ERROR(ParseStorage(parts[4], out));
  return Status::Ok();
}

}  // namespace sagitta::cli
