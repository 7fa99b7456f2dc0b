#include "database/adapter_run.h"

#include <cstdio>

#include "base/fault.h"

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

Result<TrainingOutcome> AdapterRun::Run() const {
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
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, parts.catalog->Find(request.collection));
  const VectorField* field = collection->schema()->FindField(request.field);
  if (field == nullptr) return Status::NotFound("there is no field '" + request.field + "'");
  TrainingOutcome outcome;
  outcome.measured = Describe(result);
  if (result.after.recall_at_1 < result.before.recall_at_1) {
    outcome.reason = "it finds less than vectors as they are";
  }
  outcome.model.body = result.adapter.Serialize();
  ModelInfo& info = outcome.model.info;
  info.kind = ModelKind::kAdapter;
  info.metric = field->metric;
  info.rows = rows.documents.n;
  info.before.float_query = result.before.recall_at_1;
  info.after.float_query = result.after.recall_at_1;
  return outcome;
}

}  // namespace sagitta::database
