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
constexpr uint32_t kMostFromDim = 8'192;

Status CheckRange(const char* field, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return Status::Ok();
  return Status::InvalidArgument(field, "is " + std::to_string(value) + "; " + std::to_string(low) +
                                            " to " + std::to_string(high) + " are allowed");
}

// Fills in the only one there is.
Status FindField(const CollectionSchema& schema, std::string* name, const VectorField** field) {
  if (name->empty() && schema.fields.size() == 1) *name = schema.fields[0].name;
  *field = schema.FindField(*name);
  if (*field != nullptr) return Status::Ok();
  return Status::InvalidArgument("field", Value(name->substr(0, 64)).ToJson() +
                                              " is no vector field of '" + schema.name + "'");
}

// Options are the request's own fields.
Status WithoutPrefix(const Status& options) {
  constexpr std::string_view kOptions = "options.";
  if (options.ok()) return options;
  return Status::InvalidArgument(options.field().substr(kOptions.size()), options.message());
}

Status CheckField(const CollectionSchema& schema, TrainBinarizerRequest* request) {
  const VectorField* field = nullptr;
  SAGITTA_RETURN_IF_ERROR(FindField(schema, &request->field, &field));
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
  if (old.kind != ModelKind::kBinarizer) {
    return Status::InvalidArgument("compatible_with", "is an adapter, which codes nothing");
  }
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

Result<learn::Matrix> ToMatrix(const std::string& name, const std::vector<VectorValue>& vectors,
                               size_t dim, Metric metric) {
  learn::Matrix rows(vectors.size(), dim);
  for (size_t i = 0; i < vectors.size(); ++i) {
    const VectorValue& vector = vectors[i];
    const std::string item = name + "[" + std::to_string(i) + "]";
    if (!vector.adapter.empty()) {
      return Status::InvalidArgument(item + ".adapter", "is given, but nothing is mapped here");
    }
    if (vector.dtype == Dtype::kBits || vector.dim() != dim ||
        vector.bytes.size() != VectorBytes(vector.dtype, static_cast<uint32_t>(dim))) {
      return Status::InvalidArgument(item, "has dim " + std::to_string(vector.dim()) + "; " +
                                               std::to_string(dim) + " is needed");
    }
    const std::vector<float> floats = vector.ToFloats();
    std::copy(floats.begin(), floats.end(), rows.row(i));
  }
  // Before lengths are set, which would hide them.
  SAGITTA_RETURN_IF_ERROR(learn::CheckFinite(rows, name));
  if (metric == Metric::kCosine) learn::NormaliseRows(&rows);
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

Select OnlyField(const VectorField& field) {
  Select select;
  select.vectors = true;
  select.vector_fields = {field.name};
  return select;
}

// Of points that have one, in that order.
Result<learn::Matrix> VectorsOf(const engine::CollectionCore& collection, const VectorField& field,
                                std::span<const PointId> ids, const CancelToken& cancel) {
  learn::Matrix rows;
  rows.dim = field.dim;
  const Select select = OnlyField(field);
  for (size_t first = 0; first < ids.size(); first += kVectorsAtOnce) {
    const auto part = ids.subspan(first, std::min(kVectorsAtOnce, ids.size() - first));
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

// Names the first point that VectorsOf() left out.
Status FirstWithout(const engine::CollectionCore& collection, const VectorField& field,
                    std::span<const PointId> ids) {
  const Select select = OnlyField(field);
  for (size_t i = 0; i < ids.size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(const std::vector<Point> points,
                             collection.Get(ids.subspan(i, 1), select, {}));
    if (!points.empty() && points.front().vectors.contains(field.name)) continue;
    return Status::InvalidArgument(
        "points[" + std::to_string(i) + "]",
        ids[i].ToString() + " is no point with a vector '" + field.name + "'");
  }
  return Status::FailedPrecondition("the points changed while they were read");
}

}  // namespace

Status CheckTraining(const CollectionSchema& schema, const ModelStore& models,
                     TrainBinarizerRequest* request) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", request->name));
  SAGITTA_RETURN_IF_ERROR(CheckField(schema, request));
  const VectorField& field = *schema.FindField(request->field);
  SAGITTA_RETURN_IF_ERROR(WithoutPrefix(OptionsOf(*request, field.metric).Validate()));
  SAGITTA_RETURN_IF_ERROR(
      CheckRange("sample_rows", request->sample_rows, kLeastTrainingRows, 1'000'000));
  SAGITTA_RETURN_IF_ERROR(CheckRange("checkpoint_seconds", request->checkpoint_seconds, 1, 3600));
  const bool compatible = !request->compatible_with.empty();
  if (request->pairs.has_value()) {
    SAGITTA_RETURN_IF_ERROR(CheckPairs(*request->pairs, compatible));
  }
  return compatible ? CheckCompatible(field, models, *request) : Status::Ok();
}

Status CheckAdapterTraining(const CollectionSchema& schema, TrainAdapterRequest* request) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", request->name));
  const VectorField* field = nullptr;
  SAGITTA_RETURN_IF_ERROR(FindField(schema, &request->field, &field));
  if (field->storage == Dtype::kBits) {
    return Status::InvalidArgument("field", "holds BITS, which nothing is mapped to");
  }
  SAGITTA_RETURN_IF_ERROR(WithoutPrefix(OptionsOf(*request).Validate()));
  const size_t n = request->from.size();
  SAGITTA_RETURN_IF_ERROR(CheckRange("from", n, kLeastTrainingRows, 1'000'000));
  const size_t dim = request->from.front().dim();
  SAGITTA_RETURN_IF_ERROR(CheckRange("from[0]", dim, 1, kMostFromDim));
  if (request->kind == AdapterKind::kCentre && dim != field->dim) {
    return Status::InvalidArgument("kind", "CENTRE maps between equal dims, not " +
                                               std::to_string(dim) + " and " +
                                               std::to_string(field->dim));
  }
  const bool given = !request->to.empty();
  if (given && !request->points.empty()) {
    return Status::InvalidArgument("to", "is given with points, only one of them may be");
  }
  for (size_t i = 0; i < request->points.size(); ++i) {
    const Status id = request->points[i].Validate();
    if (!id.ok()) {
      return Status::InvalidArgument("points[" + std::to_string(i) + "]", id.message());
    }
  }
  const size_t others = given ? request->to.size() : request->points.size();
  if (others == n) return Status::Ok();
  return Status::InvalidArgument(given ? "to" : "points", "has " + std::to_string(others) +
                                                              "; from has " + std::to_string(n) +
                                                              ", and they belong together");
}

learn::AdapterOptions OptionsOf(const TrainAdapterRequest& request) {
  learn::AdapterOptions options;
  options.kind = request.kind;
  options.ridge = request.ridge;
  options.held_out = request.held_out;
  options.hidden = request.hidden;
  options.steps = request.steps;
  options.batch = request.batch;
  options.learning_rate = request.learning_rate;
  options.seed = request.seed;
  options.threads = 1;  // see below
  return options;
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
                           ToMatrix("pairs.documents", pairs.documents, field.dim, metric));
  SAGITTA_ASSIGN_OR_RETURN(rows.queries,
                           ToMatrix("pairs.queries", pairs.queries, field.dim, metric));
  if (pairs.old_documents.empty()) return rows;
  const size_t dim = pairs.old_documents.front().dim();
  SAGITTA_ASSIGN_OR_RETURN(rows.old_documents,
                           ToMatrix("pairs.old_documents", pairs.old_documents, dim, metric));
  SAGITTA_ASSIGN_OR_RETURN(rows.old_queries,
                           ToMatrix("pairs.old_queries", pairs.old_queries, dim, metric));
  return rows;
}

Result<TrainingRows> RowsOfAdapter(const TrainAdapterRequest& request,
                                   const engine::CollectionCore& collection,
                                   const VectorField& field) {
  TrainingRows rows;
  SAGITTA_ASSIGN_OR_RETURN(
      rows.queries, ToMatrix("from", request.from, request.from.front().dim(), field.metric));
  if (!request.to.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(rows.documents, ToMatrix("to", request.to, field.dim, field.metric));
    return rows;
  }
  SAGITTA_ASSIGN_OR_RETURN(rows.documents,
                           VectorsOf(collection, field, request.points, CancelToken()));
  if (rows.documents.n == request.points.size()) return rows;
  return FirstWithout(collection, field, request.points);
}

Result<learn::Matrix> SampleRows(const engine::CollectionCore& collection, const VectorField& field,
                                 size_t n, uint64_t seed, const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const std::vector<PointId> ids, SampleIds(collection, n, seed, cancel));
  return VectorsOf(collection, field, ids, cancel);
}

}  // namespace sagitta::database
