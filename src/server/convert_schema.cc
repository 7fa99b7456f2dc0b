#include "server/convert_schema.h"

#include "server/convert_filter.h"
#include "server/convert_value.h"

namespace sagitta::server {
namespace {

Result<Metric> FromProto(v1::Metric in, std::string_view field) {
  if (in >= v1::METRIC_L2 && in <= v1::METRIC_JACCARD) return static_cast<Metric>(in);
  return Status::InvalidArgument(std::string(field),
                                 "metric is " + std::to_string(static_cast<int>(in)) +
                                     ", allowed are L2 (1), INNER_PRODUCT (2), COSINE (3), L1 (4), "
                                     "HAMMING (5), JACCARD (6)");
}

CompactionSettings FromProto(const v1::CompactionSettings& in) {
  CompactionSettings out;
  out.seal_rows = in.seal_rows();
  out.seal_idle_ms = in.seal_idle_ms();
  out.seal_min_rows = in.seal_min_rows();
  out.max_segment_rows = in.max_segment_rows();
  out.deleted_ratio = in.deleted_ratio();
  return out;
}

Result<VectorField> FromProto(const v1::VectorField& in, std::string_view field) {
  VectorField out;
  out.name = in.name();
  out.dim = in.dim();
  SAGITTA_ASSIGN_OR_RETURN(out.metric, FromProto(in.metric(), Joined(field, "metric")));
  if (in.storage() != v1::DTYPE_UNSPECIFIED) {
    SAGITTA_ASSIGN_OR_RETURN(out.storage,
                             server::FromProto(in.storage(), Joined(field, "storage")));
  }
  SAGITTA_ASSIGN_OR_RETURN(out.index, server::FromProto(in.index(), Joined(field, "index")));
  return out;
}

void ReadGraph(const v1::GraphParams& in, GraphParams* out) {
  if (in.degree() != 0) out->degree = in.degree();
  if (in.build_width() != 0) out->build_width = in.build_width();
  if (in.alpha() != 0) out->alpha = in.alpha();
  if (in.code_bits() != 0) out->code_bits = in.code_bits();
  if (in.ef_search() != 0) out->ef_search = in.ef_search();
  if (in.oversampling() != 0) out->oversampling = in.oversampling();
}

Result<CodecParams> ReadCodec(const v1::CodecParams& in, std::string_view field) {
  if (in.kind() < v1::CODEC_KIND_UNSPECIFIED || in.kind() > v1::CODEC_KIND_LEARNED) {
    return Status::InvalidArgument(Joined(field, "kind"),
                                   "is " + std::to_string(static_cast<int>(in.kind())) +
                                       ", allowed are F16 (1), BF16 (2), SQ (3), SQ_ROW (4), "
                                       "SIGN (5), RECURRENT (6), RABITQ (7), TRANSFORM (8), "
                                       "PQ (9), OPQ (10), LEARNED (11)");
  }
  if (!v1::CodecTransform_IsValid(in.transform())) {
    return Status::InvalidArgument(Joined(field, "transform"),
                                   "is " + std::to_string(static_cast<int>(in.transform())) +
                                       ", allowed are USUAL (1), NONE (2), ROTATION (3), "
                                       "PCA (4), WHITENING (5), SPARSE (6)");
  }
  CodecParams out;
  if (in.kind() != v1::CODEC_KIND_UNSPECIFIED) out.kind = static_cast<CodecKind>(in.kind());
  out.bits = in.bits();
  out.pieces = in.pieces();
  out.bytes = in.bytes();
  out.dims = in.dims();
  if (in.transform() != v1::CODEC_TRANSFORM_UNSPECIFIED) {
    out.transform = static_cast<CodecTransform>(in.transform());
  }
  out.width = in.width();
  out.near_duplicates = in.near_duplicates();
  if (in.oversampling() != 0) out.oversampling = in.oversampling();
  out.model = in.model();
  return out;
}

}  // namespace

void ToProto(const IndexParams& in, v1::IndexParams* out) {
  out->set_kind(static_cast<v1::IndexKind>(in.kind));
  out->mutable_hnsw()->set_m(in.hnsw.m);
  out->mutable_hnsw()->set_ef_construction(in.hnsw.ef_construction);
  out->mutable_hnsw()->set_ef_search(in.hnsw.ef_search);
  out->mutable_ivf()->set_nlist(in.ivf.nlist);
  out->mutable_ivf()->set_nprobe(in.ivf.nprobe);
  out->mutable_pq()->set_m(in.pq.m);
  out->mutable_pq()->set_nbits(in.pq.nbits);
  out->mutable_pq()->set_oversampling(in.pq.oversampling);
  out->mutable_graph()->set_degree(in.graph.degree);
  out->mutable_graph()->set_build_width(in.graph.build_width);
  out->mutable_graph()->set_alpha(in.graph.alpha);
  out->mutable_graph()->set_code_bits(in.graph.code_bits);
  out->mutable_graph()->set_ef_search(in.graph.ef_search);
  out->mutable_graph()->set_oversampling(in.graph.oversampling);
  out->mutable_codec()->set_kind(static_cast<v1::CodecKind>(in.codec.kind));
  out->mutable_codec()->set_bits(in.codec.bits);
  out->mutable_codec()->set_pieces(in.codec.pieces);
  out->mutable_codec()->set_bytes(in.codec.bytes);
  out->mutable_codec()->set_dims(in.codec.dims);
  out->mutable_codec()->set_transform(static_cast<v1::CodecTransform>(in.codec.transform));
  out->mutable_codec()->set_width(in.codec.width);
  out->mutable_codec()->set_near_duplicates(in.codec.near_duplicates);
  out->mutable_codec()->set_oversampling(in.codec.oversampling);
  out->mutable_codec()->set_model(in.codec.model);
  out->set_residency(static_cast<v1::Residency>(in.residency));
}

Result<IndexParams> FromProto(const v1::IndexParams& in, std::string_view field) {
  if (in.kind() < v1::INDEX_KIND_UNSPECIFIED || in.kind() > v1::INDEX_KIND_IVF_CODES) {
    return Status::InvalidArgument(Joined(field, "kind"),
                                   "is " + std::to_string(static_cast<int>(in.kind())) +
                                       ", allowed are AUTO (1), FLAT (2), HNSW (3), IVF_FLAT (4), "
                                       "IVF_PQ (5), GRAPH (6), BINARY_FLAT (10), BINARY_HNSW (11), "
                                       "BINARY_IVF (12), FLAT_CODES (13), IVF_CODES (14)");
  }
  IndexParams out;
  if (in.kind() != v1::INDEX_KIND_UNSPECIFIED) out.kind = static_cast<IndexKind>(in.kind());
  if (in.hnsw().m() != 0) out.hnsw.m = in.hnsw().m();
  if (in.hnsw().ef_construction() != 0) out.hnsw.ef_construction = in.hnsw().ef_construction();
  if (in.hnsw().ef_search() != 0) out.hnsw.ef_search = in.hnsw().ef_search();
  out.ivf.nlist = in.ivf().nlist();
  out.ivf.nprobe = in.ivf().nprobe();
  out.pq.m = in.pq().m();
  if (in.pq().nbits() != 0) out.pq.nbits = in.pq().nbits();
  if (in.pq().oversampling() != 0) out.pq.oversampling = in.pq().oversampling();
  ReadGraph(in.graph(), &out.graph);
  SAGITTA_ASSIGN_OR_RETURN(out.codec, ReadCodec(in.codec(), Joined(field, "codec")));
  if (!v1::Residency_IsValid(in.residency())) {
    return Status::InvalidArgument(Joined(field, "residency"),
                                   "is " + std::to_string(static_cast<int>(in.residency())) +
                                       ", allowed are AUTO (1), MEMORY (2), DISK (3)");
  }
  if (in.residency() != v1::RESIDENCY_UNSPECIFIED) {
    out.residency = static_cast<Residency>(in.residency());
  }
  return out;
}

Result<PayloadIndex> FromProto(const v1::PayloadIndex& in, std::string_view field) {
  if (in.kind() < v1::PAYLOAD_INDEX_KIND_KEYWORD || in.kind() > v1::PAYLOAD_INDEX_KIND_TEXT) {
    return Status::InvalidArgument(
        Joined(field, "kind"), "is " + std::to_string(static_cast<int>(in.kind())) +
                                   ", allowed are KEYWORD (1), INT64 (2), DOUBLE (3), BOOL (4), "
                                   "DATETIME (5), GEO (6), TEXT (7)");
  }
  PayloadIndex out{in.path(), static_cast<PayloadIndexKind>(in.kind()), {}};
  SAGITTA_ASSIGN_OR_RETURN(out.text, FromProto(in.text(), Joined(field, "text")));
  return out;
}

Result<CollectionSchema> FromProto(const v1::CollectionSchema& in, std::string_view field) {
  CollectionSchema out;
  out.name = in.name();
  if (in.shards() != 0) out.shards = in.shards();
  for (int i = 0; i < in.fields_size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(auto converted,
                             FromProto(in.fields(i), Indexed(Joined(field, "fields"), i)));
    out.fields.push_back(std::move(converted));
  }
  for (int i = 0; i < in.indexes_size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(auto converted,
                             FromProto(in.indexes(i), Indexed(Joined(field, "indexes"), i)));
    out.indexes.push_back(std::move(converted));
  }
  out.compaction = FromProto(in.compaction());
  return out;
}

void ToProto(const CollectionSchema& in, v1::CollectionSchema* out) {
  out->set_name(in.name);
  out->set_shards(in.shards);
  for (const VectorField& field : in.fields) {
    auto* added = out->add_fields();
    added->set_name(field.name);
    added->set_dim(field.dim);
    added->set_metric(static_cast<v1::Metric>(field.metric));
    added->set_storage(static_cast<v1::Dtype>(field.storage));
    ToProto(field.index, added->mutable_index());
  }
  for (const PayloadIndex& index : in.indexes) {
    auto* added = out->add_indexes();
    added->set_path(index.path);
    added->set_kind(static_cast<v1::PayloadIndexKind>(index.kind));
    if (index.kind == PayloadIndexKind::kText) ToProto(index.text, added->mutable_text());
  }
  auto* compaction = out->mutable_compaction();
  compaction->set_seal_rows(in.compaction.seal_rows);
  compaction->set_seal_idle_ms(in.compaction.seal_idle_ms);
  compaction->set_seal_min_rows(in.compaction.seal_min_rows);
  compaction->set_max_segment_rows(in.compaction.max_segment_rows);
  compaction->set_deleted_ratio(in.compaction.deleted_ratio);
}

Result<CollectionUpdate> FromProto(const v1::UpdateCollectionRequest& in) {
  CollectionUpdate out;
  for (int i = 0; i < in.fields_size(); ++i) {
    const std::string field = Indexed("fields", i);
    if (!in.fields(i).has_index()) {
      return Status::InvalidArgument(field + ".index", "is needed");
    }
    SAGITTA_ASSIGN_OR_RETURN(auto index, FromProto(in.fields(i).index(), field + ".index"));
    out.fields.push_back({in.fields(i).name(), index});
  }
  if (in.has_compaction()) {
    out.set_compaction = true;
    out.compaction = FromProto(in.compaction());
  }
  return out;
}

}  // namespace sagitta::server
