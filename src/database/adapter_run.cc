#include "database/adapter_run.h"

#include <cstdio>

#include "base/fault.h"
#include "base/log.h"

namespace sagitta::database {
namespace {

// Shares of the whole: maps without an MLP are fitted before its first step.
constexpr double kRead = 0.05, kFitted = 0.3, kTrained = 0.95;
// Of the rows: themselves, those that are fitted to, centred ones, mapped ones.
constexpr uint64_t kFloatsForNumber = 4;

std::string Describe(const learn::AdapterResult& result) {
  char text[160];
  std::snprintf(text, sizeof text, "own document first %.4f -> %.4f, among ten %.4f -> %.4f",
                result.before.recall_at_1, result.after.recall_at_1, result.before.recall_at_10,
                result.after.recall_at_10);
  return text;
}

}  // namespace

Status AdapterRun::Publish(const learn::AdapterResult& result, uint64_t rows) const {
  const std::string measured = Describe(result);
  if (result.after.recall_at_1 < result.before.recall_at_1) {
    parts.log->SetNote(id, "not published, it finds less than vectors as they are: " + measured);
    base::LogInfo("the training of {} is not published: {}", request.name, measured);
    return Status::Ok();
  }
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, parts.catalog->Find(request.collection));
  const VectorField* field = collection->schema()->FindField(request.field);
  if (field == nullptr) return Status::NotFound("there is no field '" + request.field + "'");
  StoredModel model;
  model.body = result.adapter.Serialize();
  model.info.kind = ModelKind::kAdapter;
  model.info.metric = field->metric;
  model.info.created_ms = engine::NowMs();
  model.info.collection = request.collection;
  model.info.field = request.field;
  model.info.rows = rows;
  model.info.before.float_query = result.before.recall_at_1;
  model.info.after.float_query = result.after.recall_at_1;
  model.info.old_alone = -1;
  model.info.job = uuid;
  SAGITTA_ASSIGN_OR_RETURN(const ModelInfo info, parts.models->Add(request.name, std::move(model)));
  parts.log->SetNote(id, "published " + info.ref.ToString() + ": " + measured);
  base::LogInfo("published {}: {}", info.ref.ToString(), measured);
  SAGITTA_FAULT("train.after_publish");
  return Status::Ok();
}

Status AdapterRun::Run() const {
  parts.log->Begin(id, 0);
  parts.log->Update(id, "read", 0);
  SAGITTA_ASSIGN_OR_RETURN(const TrainingRows rows, files.LoadRows());
  parts.log->SetKind(id, "train", rows.documents.n);
  base::Reservation memory(parts.memory);
  SAGITTA_RETURN_IF_ERROR(
      memory.Take(kFloatsForNumber * rows.bytes(), "training an adapter; fewer pairs need less"));
  parts.log->Update(id, "fit", kRead);
  const auto progress = [&](uint32_t step, uint32_t steps, double) {
    parts.log->Update(id, "train", kFitted + (kTrained - kFitted) * step / steps);
  };
  SAGITTA_ASSIGN_OR_RETURN(
      const learn::AdapterResult result,
      learn::TrainAdapter(OptionsOf(request), rows.queries, rows.documents, cancel, progress));
  if (!result.losses.empty()) {
    parts.log->SetLosses(id, std::vector<float>(result.losses.begin(), result.losses.end()));
  }
  SAGITTA_FAULT("train.after_fit");
  parts.log->Update(id, "publish", 1);
  return Publish(result, rows.documents.n);
}

}  // namespace sagitta::database
