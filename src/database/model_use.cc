#include "database/model_use.h"

#include <string>

#include "base/names.h"

namespace sagitta::database {
namespace {

Status CheckModel(const std::string& at, const VectorField& field, const ModelStore& models) {
  const CodecParams& codec = field.index.codec;
  if (codec.kind != CodecKind::kLearned) return Status::Ok();
  const std::string path = at + ".index.codec.model";
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref, ModelRef::Parse(path, codec.model));
  const auto model = models.Get(ref);
  if (model.status().code() == StatusCode::kNotFound) {
    return Status::InvalidArgument(path, model.status().message());
  }
  SAGITTA_RETURN_IF_ERROR(model.status());
  if (model->kind != ModelKind::kBinarizer) {
    return Status::InvalidArgument(path,
                                   "'" + codec.model + "' is an adapter, which codes nothing");
  }
  const uint32_t dims = codec.dims == 0 ? field.dim : codec.dims;
  if (model->dim != dims) {
    return Status::InvalidArgument(path, "'" + codec.model + "' takes vectors of dim " +
                                             std::to_string(model->dim) + "; " +
                                             std::to_string(dims) + " are coded");
  }
  if (model->metric == field.metric) return Status::Ok();
  return Status::InvalidArgument(path, "'" + codec.model + "' is of the metric " +
                                           std::string(base::MetricName(model->metric)) +
                                           ", the field of " +
                                           std::string(base::MetricName(field.metric)));
}

std::string Item(size_t i) { return "fields[" + std::to_string(i) + "]"; }

}  // namespace

Status CheckModels(const CollectionSchema& schema, const ModelStore& models) {
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(CheckModel(Item(i), schema.fields[i], models));
  }
  return Status::Ok();
}

Status CheckUpdatedModels(const CollectionSchema& schema, const CollectionUpdate& update,
                          const ModelStore& models) {
  for (size_t i = 0; i < update.fields.size(); ++i) {
    const VectorField* field = schema.FindField(update.fields[i].name);
    if (field != nullptr) SAGITTA_RETURN_IF_ERROR(CheckModel(Item(i), *field, models));
  }
  return Status::Ok();
}

bool Names(const CollectionSchema& schema, const ModelRef& model) {
  const std::string name = model.ToString();
  for (const VectorField& field : schema.fields) {
    if (field.index.codec.model == name) return true;
  }
  return false;
}

}  // namespace sagitta::database
