#include "database/model_evaluation.h"

#include <algorithm>

#include "base/names.h"
#include "database/training_data.h"
#include "learn/train_binarizer.h"

namespace sagitta::database {
namespace {

constexpr size_t kMostDocuments = 10'000;
constexpr size_t kMostQueries = 1'000;
constexpr size_t kRowsForQuery = 11;
// Not a usual one of trainings, whose samples would be these rows.
constexpr uint64_t kSeed = 0x6576616C;

Result<const VectorField*> FindField(const CollectionSchema& schema, std::string_view name,
                                     const ModelInfo& model) {
  const VectorField* field =
      name.empty() && schema.fields.size() == 1 ? &schema.fields[0] : schema.FindField(name);
  if (field == nullptr) {
    return Status::InvalidArgument("field", Value(name.substr(0, 64)).ToJson() +
                                                " is no vector field of '" + schema.name + "'");
  }
  if (field->dim != model.dim || field->metric != model.metric) {
    return Status::InvalidArgument(
        "field", "has dim " + std::to_string(field->dim) + " and the metric " +
                     std::string(base::MetricName(field->metric)) + "; the model is of dim " +
                     std::to_string(model.dim) + " and " +
                     std::string(base::MetricName(model.metric)));
  }
  return field;
}

ModelMetrics Metrics(const learn::GateMetrics& from) {
  return {.coded = from.coded, .float_query = from.float_query, .to_old = 0};
}

}  // namespace

Result<learn::Matrix> EvaluationRows(const ModelInfo& model,
                                     const engine::CollectionCore& collection,
                                     std::string_view field, const CancelToken& cancel) {
  if (model.kind != ModelKind::kBinarizer) {
    return Status::InvalidArgument(
        "model", "'" + model.ref.ToString() +
                     "' is an adapter; what it finds of held-out pairs is shown with it");
  }
  const auto schema = collection.schema();
  SAGITTA_ASSIGN_OR_RETURN(const VectorField* of, FindField(*schema, field, model));
  SAGITTA_ASSIGN_OR_RETURN(
      learn::Matrix rows,
      SampleRows(collection, *of, kMostDocuments + kMostQueries, kSeed, cancel));
  if (rows.n >= kLeastTrainingRows) return rows;
  return Status::FailedPrecondition(std::to_string(rows.n) + " points of '" + schema->name +
                                    "' have a vector '" + of->name + "'; an evaluation needs " +
                                    std::to_string(kLeastTrainingRows));
}

Result<ModelEvaluation> EvaluateModelOn(const StoredModel& model, learn::RowsView rows,
                                        const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const auto codec, ReadBinarizer(model));
  const size_t queries = rows.n / kRowsForQuery;
  const learn::RowsView asked = rows.Slice(0, queries),
                        found = rows.Slice(queries, rows.n - queries);
  const auto untrained = learn::UntrainedCodec(codec->head().model(), found);
  ModelEvaluation evaluation;
  evaluation.queries = static_cast<uint32_t>(asked.n);
  evaluation.documents = static_cast<uint32_t>(found.n);
  SAGITTA_ASSIGN_OR_RETURN(const auto before,
                           learn::EvaluateNeighbours(*untrained, asked, found, 1, cancel));
  SAGITTA_ASSIGN_OR_RETURN(const auto after,
                           learn::EvaluateNeighbours(*codec, asked, found, 1, cancel));
  evaluation.untrained = Metrics(before);
  evaluation.model = Metrics(after);
  return evaluation;
}

}  // namespace sagitta::database
