#include "database/training_data.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/names.h"

namespace sagitta::database {
namespace {

constexpr uint32_t kPage = 10'000;      // ids a page
constexpr size_t kVectorsAtOnce = 256;  // each may have 32 KiB

Status CheckRange(const char* field, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return Status::Ok();
  return Status::InvalidArgument(field, "is " + std::to_string(value) + "; " + std::to_string(low) +
                                            " to " + std::to_string(high) + " are allowed");
}

Status CheckField(const CollectionSchema& schema, TrainBinarizerRequest* request) {
  if (request->field.empty() && schema.fields.size() == 1) request->field = schema.fields[0].name;
  const VectorField* field = schema.FindField(request->field);
  if (field == nullptr) {
    return Status::InvalidArgument("field", Value(request->field.substr(0, 64)).ToJson() +
                                                " is no vector field of '" + schema.name + "'");
  }
  if (field->storage != Dtype::kBits && field->metric != Metric::kL1) return Status::Ok();
  return Status::InvalidArgument("field", "has the metric " +
                                              std::string(base::MetricName(field->metric)) +
                                              "; L2, INNER_PRODUCT and COSINE can be learned for");
}

Status CheckCount(const char* name, const std::vector<VectorValue>& rows, size_t n) {
  if (rows.size() == n) return Status::Ok();
  return Status::InvalidArgument(std::string("pairs.") + name,
                                 "has " + std::to_string(rows.size()) + " vectors; documents has " +
                                     std::to_string(n) + ", and they belong together");
}

Status CheckPairs(const TrainingPairs& pairs, bool compatible) {
  const size_t n = pairs.documents.size();
  SAGITTA_RETURN_IF_ERROR(CheckRange("pairs.documents", n, kLeastTrainingRows, 1'000'000));
  SAGITTA_RETURN_IF_ERROR(CheckCount("queries", pairs.queries, n));
  if (pairs.old_documents.empty() && pairs.old_queries.empty()) return Status::Ok();
  if (!compatible) {
    return Status::InvalidArgument("pairs.old_documents",
                                   "and old_queries go with compatible_with, which is empty");
  }
  SAGITTA_RETURN_IF_ERROR(CheckCount("old_documents", pairs.old_documents, n));
  return CheckCount("old_queries", pairs.old_queries, n);
}

Status CheckCompatible(const VectorField& field, const ModelStore& models,
                       const TrainBinarizerRequest& request) {
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref,
                           ModelRef::Parse("compatible_with", request.compatible_with));
  if (!request.pairs.has_value()) {
    return Status::InvalidArgument("compatible_with",
                                   "needs pairs; a model of the collection's own vectors codes "
                                   "them anew, and has no queries of its own to teach");
  }
  SAGITTA_ASSIGN_OR_RETURN(const ModelInfo old, models.Get(ref));
  if (old.metric != field.metric) {
    return Status::InvalidArgument(
        "compatible_with", "is of the metric " + std::string(base::MetricName(old.metric)) +
                               ", the field " + std::string(base::MetricName(field.metric)));
  }
  const auto& given = request.pairs->old_documents;
  const size_t dim = given.empty() ? field.dim : given.front().dim();
  if (dim == old.dim) return Status::Ok();
  return Status::InvalidArgument(
      "compatible_with", "takes vectors of dim " + std::to_string(old.dim) + "; " +
                             (given.empty() ? "the field has " : "pairs.old_documents have ") +
                             std::to_string(dim));
}

Result<learn::Matrix> ToMatrix(const char* name, const std::vector<VectorValue>& vectors,
                               size_t dim, Metric metric) {
  learn::Matrix rows(vectors.size(), dim);
  for (size_t i = 0; i < vectors.size(); ++i) {
    const VectorValue& vector = vectors[i];
    if (vector.dtype == Dtype::kBits || vector.dim() != dim ||
        vector.bytes.size() != VectorBytes(vector.dtype, static_cast<uint32_t>(dim))) {
      return Status::InvalidArgument(
          "pairs." + std::string(name) + "[" + std::to_string(i) + "]",
          "has dim " + std::to_string(vector.dim()) + "; " + std::to_string(dim) + " is needed");
    }
    const std::vector<float> floats = vector.ToFloats();
    std::copy(floats.begin(), floats.end(), rows.row(i));
  }
  if (metric == Metric::kCosine) learn::NormaliseRows(&rows);
  SAGITTA_RETURN_IF_ERROR(learn::CheckFinite(rows, "pairs." + std::string(name)));
  return rows;
}

// The ids of the smallest hashes, smallest first.
Result<std::vector<PointId>> SampleIds(const engine::CollectionCore& collection, size_t n,
                                       uint64_t seed, const CancelToken& cancel) {
  std::priority_queue<std::pair<uint64_t, PointId>> chosen;  // the largest hash on top
  ScrollRequest request;
  request.limit = kPage;
  do {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    SAGITTA_ASSIGN_OR_RETURN(ScrollPage page,
                             collection.Scroll(request, {.min_seq = 0, .cancel = cancel}));
    for (Point& point : page.points) {
      std::string key = point.id.Encode();
      base::PutLe(key, seed);
      chosen.emplace(base::Xxh3(key.data(), key.size()), std::move(point.id));
      if (chosen.size() > n) chosen.pop();
    }
    request.cursor = std::move(page.next_cursor);
  } while (!request.cursor.empty());
  std::vector<PointId> ids(chosen.size());
  for (size_t i = ids.size(); i > 0; --i) {
    ids[i - 1] = chosen.top().second;
    chosen.pop();
  }
  return ids;
}

}  // namespace

Status CheckTraining(const CollectionSchema& schema, const ModelStore& models,
                     TrainBinarizerRequest* request) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", request->name));
  SAGITTA_RETURN_IF_ERROR(CheckField(schema, request));
  const VectorField& field = *schema.FindField(request->field);
  const Status options = OptionsOf(*request, field.metric).Validate();
  constexpr std::string_view kOptions = "options.";
  if (!options.ok()) {
    return Status::InvalidArgument(options.field().substr(kOptions.size()), options.message());
  }
  SAGITTA_RETURN_IF_ERROR(
      CheckRange("sample_rows", request->sample_rows, kLeastTrainingRows, 1'000'000));
  SAGITTA_RETURN_IF_ERROR(CheckRange("checkpoint_seconds", request->checkpoint_seconds, 1, 3600));
  const bool compatible = !request->compatible_with.empty();
  if (request->pairs.has_value()) {
    SAGITTA_RETURN_IF_ERROR(CheckPairs(*request->pairs, compatible));
  }
  return compatible ? CheckCompatible(field, models, *request) : Status::Ok();
}

learn::BinarizerOptions OptionsOf(const TrainBinarizerRequest& request, Metric metric) {
  learn::BinarizerOptions options;
  if (request.pairs.has_value()) options.objective = learn::Objective::kPairs;
  options.metric = metric;
  options.bits = request.bits;
  options.width = request.width;
  options.hidden = request.hidden;
  options.steps = request.steps;
  options.batch = request.batch;
  options.learning_rate = request.learning_rate;
  options.held_out = request.held_out;
  options.seed = request.seed;
  // Products run on the training's own thread, whose priority is low; others would not.
  options.threads = 1;
  return options;
}

Result<TrainingRows> RowsOfPairs(const TrainingPairs& pairs, const VectorField& field) {
  TrainingRows rows;
  const Metric metric = field.metric;
  SAGITTA_ASSIGN_OR_RETURN(rows.documents,
                           ToMatrix("documents", pairs.documents, field.dim, metric));
  SAGITTA_ASSIGN_OR_RETURN(rows.queries, ToMatrix("queries", pairs.queries, field.dim, metric));
  if (pairs.old_documents.empty()) return rows;
  const size_t dim = pairs.old_documents.front().dim();
  SAGITTA_ASSIGN_OR_RETURN(rows.old_documents,
                           ToMatrix("old_documents", pairs.old_documents, dim, metric));
  SAGITTA_ASSIGN_OR_RETURN(rows.old_queries,
                           ToMatrix("old_queries", pairs.old_queries, dim, metric));
  return rows;
}

Result<learn::Matrix> SampleRows(const engine::CollectionCore& collection, const VectorField& field,
                                 size_t n, uint64_t seed, const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const std::vector<PointId> ids, SampleIds(collection, n, seed, cancel));
  learn::Matrix rows;
  rows.dim = field.dim;
  Select select;
  select.vectors = true;
  select.vector_fields = {field.name};
  for (size_t first = 0; first < ids.size(); first += kVectorsAtOnce) {
    const std::span<const PointId> part =
        std::span(ids).subspan(first, std::min(kVectorsAtOnce, ids.size() - first));
    SAGITTA_ASSIGN_OR_RETURN(const std::vector<Point> points,
                             collection.Get(part, select, {.min_seq = 0, .cancel = cancel}));
    for (const Point& point : points) {
      const auto vector = point.vectors.find(field.name);
      if (vector == point.vectors.end()) continue;
      const std::vector<float> floats = vector->second.ToFloats();
      rows.values.insert(rows.values.end(), floats.begin(), floats.end());
      ++rows.n;
    }
  }
  // As they are stored, in f16 for example, they are not of length one to the last bit.
  if (field.metric == Metric::kCosine) learn::NormaliseRows(&rows);
  return rows;
}

}  // namespace sagitta::database
