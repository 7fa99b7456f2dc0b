#include "server/convert_model.h"

#include "server/convert_value.h"

namespace sagitta::server {
namespace {

using VectorList = google::protobuf::RepeatedPtrField<v1::Vector>;

void ToProto(const ModelMetrics& in, v1::ModelMetrics* out) {
  out->set_coded(in.coded);
  out->set_float_query(in.float_query);
  out->set_to_old(in.to_old);
}

Status ReadVectors(VectorList* in, const std::string& field, std::vector<VectorValue>* out) {
  out->reserve(static_cast<size_t>(in->size()));
  for (int i = 0; i < in->size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(VectorValue vector,
                             FromProto(*in->Mutable(i), Indexed(field, static_cast<size_t>(i))));
    out->push_back(std::move(vector));
  }
  return Status::Ok();
}

Result<TrainingPairs> ReadPairs(v1::TrainingPairs& in) {
  TrainingPairs out;
  SAGITTA_RETURN_IF_ERROR(ReadVectors(in.mutable_queries(), "pairs.queries", &out.queries));
  SAGITTA_RETURN_IF_ERROR(ReadVectors(in.mutable_documents(), "pairs.documents", &out.documents));
  SAGITTA_RETURN_IF_ERROR(
      ReadVectors(in.mutable_old_queries(), "pairs.old_queries", &out.old_queries));
  SAGITTA_RETURN_IF_ERROR(
      ReadVectors(in.mutable_old_documents(), "pairs.old_documents", &out.old_documents));
  return out;
}

// What is not 0, in the place of the default.
template <typename T>
void Take(T given, T* out) {
  if (given != T()) *out = given;
}

}  // namespace

void ToProto(const ModelInfo& in, v1::Model* out) {
  out->set_name(in.ref.name);
  out->set_version(in.ref.version);
  out->set_kind(static_cast<v1::ModelKind>(in.kind));
  out->set_metric(static_cast<v1::Metric>(in.metric));
  out->set_dim(in.dim);
  out->set_bits(in.bits);
  out->set_width(in.width);
  out->set_bytes(in.bytes);
  out->set_created_ms(in.created_ms);
  out->set_collection(in.collection);
  out->set_field(in.field);
  out->set_rows(in.rows);
  if (in.compatible.has_value()) out->set_compatible_with(in.compatible->ToString());
  ToProto(in.before, out->mutable_before());
  ToProto(in.after, out->mutable_after());
  out->set_old_alone(in.old_alone);
  out->set_imported(in.imported);
  if (in.adapter.has_value()) out->set_adapter(static_cast<v1::AdapterKind>(*in.adapter));
  out->set_to_dim(in.to_dim);
  out->set_mapped(in.mapped);
}

void ToProto(const ModelEvaluation& in, v1::EvaluateModelResponse* out) {
  ToProto(in.untrained, out->mutable_untrained());
  ToProto(in.model, out->mutable_model());
  out->set_queries(in.queries);
  out->set_documents(in.documents);
}

Result<TrainAdapterRequest> FromProto(v1::TrainAdapterRequest& in) {
  TrainAdapterRequest out;
  out.name = in.name();
  out.collection = in.collection();
  out.field = in.field();
  SAGITTA_RETURN_IF_ERROR(ReadVectors(in.mutable_from(), "from", &out.from));
  SAGITTA_RETURN_IF_ERROR(ReadVectors(in.mutable_to(), "to", &out.to));
  SAGITTA_ASSIGN_OR_RETURN(out.points, FromProto(in.points(), "points"));
  if (!v1::AdapterKind_IsValid(in.kind())) {
    return Status::InvalidArgument("kind", "is no kind of adapter: " + std::to_string(in.kind()));
  }
  Take(static_cast<AdapterKind>(in.kind()), &out.kind);
  out.ridge = in.ridge();
  Take(in.held_out(), &out.held_out);
  Take(in.hidden(), &out.hidden);
  Take(in.steps(), &out.steps);
  Take(in.batch(), &out.batch);
  Take(in.learning_rate(), &out.learning_rate);
  if (in.has_seed()) out.seed = in.seed();
  return out;
}

Result<TrainBinarizerRequest> FromProto(v1::TrainBinarizerRequest& in) {
  TrainBinarizerRequest out;
  out.name = in.name();
  out.collection = in.collection();
  out.field = in.field();
  Take(in.bits(), &out.bits);
  out.width = in.width();
  if (in.has_hidden()) out.hidden = in.hidden();
  out.steps = in.steps();
  Take(in.batch(), &out.batch);
  out.learning_rate = in.learning_rate();
  Take(in.held_out(), &out.held_out);
  if (in.has_seed()) out.seed = in.seed();
  Take(in.sample_rows(), &out.sample_rows);
  Take(in.checkpoint_seconds(), &out.checkpoint_seconds);
  if (in.has_pairs()) {
    SAGITTA_ASSIGN_OR_RETURN(out.pairs, ReadPairs(*in.mutable_pairs()));
  }
  out.compatible_with = in.compatible_with();
  return out;
}

}  // namespace sagitta::server
