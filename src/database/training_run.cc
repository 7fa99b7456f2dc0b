#include "database/training_run.h"

#include <chrono>
#include <cstdio>
#include <vector>

#include "base/fault.h"
#include "base/log.h"

namespace sagitta::database {
namespace {

using Clock = std::chrono::steady_clock;

// Shares of the whole, of what takes longest.
constexpr double kSampled = 0.02, kPrepared = 0.05, kTrained = 0.9;
constexpr size_t kShownLosses = 100;
constexpr std::chrono::milliseconds kShowEvery{200};
constexpr uint64_t kFloatsForNumber = 4;  // of the rows, while they are trained on

// Means of equal parts.
std::vector<float> Shortened(const std::vector<float>& losses) {
  const size_t parts = std::min(kShownLosses, losses.size());
  std::vector<float> out;
  for (size_t part = 0; part < parts; ++part) {
    const size_t begin = part * losses.size() / parts, end = (part + 1) * losses.size() / parts;
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += double{losses[i]};
    out.push_back(static_cast<float>(sum / static_cast<double>(end - begin)));
  }
  return out;
}

ModelMetrics Metrics(const learn::GateMetrics& from) {
  return {.coded = from.coded, .float_query = from.float_query, .to_old = from.to_old};
}

std::string Change(const char* what, double before, double after) {
  char text[80];
  std::snprintf(text, sizeof text, "%s %.4f -> %.4f", what, before, after);
  return text;
}

// "coded 0.7101 -> 0.7433, float queries 0.8120 -> 0.8239"
std::string Describe(const learn::BinarizerResult& result) {
  std::string text = Change("coded", result.before.coded, result.after.coded) + ", " +
                     Change("float queries", result.before.float_query, result.after.float_query);
  if (result.old_alone < 0) return text;
  char old[80];
  std::snprintf(old, sizeof old, ", the old version by itself %.4f", result.old_alone);
  return text + ", " + Change("to old codes", result.before.to_old, result.after.to_old) + old;
}

// Why it is not published, or "".
std::string Reason(const learn::BinarizerResult& result) {
  if (!result.published) return "it finds less than the untrained code";
  if (result.old_alone < 0) return "";
  if (!result.backward_compatible) {
    return "its queries find less of the old version's codes than the old version's own";
  }
  if (result.after.coded < result.old_alone) return "it finds less than the old version";
  return "";
}

}  // namespace

struct TrainingRun::Input {
  Metric metric = Metric::kCosine;
  TrainingRows rows;
  std::unique_ptr<codec::LearnedCodec> old;
  std::optional<ModelRef> old_ref;

  learn::BinarizerData Data() const {
    learn::BinarizerData data{.documents = rows.documents, .queries = rows.queries, .old = {}};
    if (old == nullptr) return data;
    const bool same = rows.old_documents.n == 0;
    data.old = {.codec = old.get(),
                .documents = same ? rows.documents : rows.old_documents,
                .queries = same ? rows.queries : rows.old_queries};
    return data;
  }
};

Result<TrainingRows> TrainingRun::Sample() const {
  if (files.HasRows()) return files.LoadRows();
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, parts.catalog->Find(request.collection));
  SAGITTA_ASSIGN_OR_RETURN(const CollectionUse use, collection->Begin());
  const auto schema = use.core().schema();
  const VectorField* field = schema->FindField(request.field);
  if (field == nullptr) return Status::NotFound("there is no field '" + request.field + "'");
  TrainingRows rows;
  SAGITTA_ASSIGN_OR_RETURN(
      rows.documents, SampleRows(use.core(), *field, request.sample_rows, request.seed, cancel));
  if (rows.documents.n < kLeastTrainingRows) {
    return Status::FailedPrecondition("only " + std::to_string(rows.documents.n) +
                                      " points have a vector '" + request.field + "'; " +
                                      std::to_string(kLeastTrainingRows) + " are needed");
  }
  SAGITTA_RETURN_IF_ERROR(files.SaveRows(rows));
  return rows;
}

Result<TrainingRun::Input> TrainingRun::Prepare() const {
  parts.log->Update(id, "sample", 0);
  Input input;
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, parts.catalog->Find(request.collection));
  const VectorField* field = collection->schema()->FindField(request.field);
  if (field == nullptr) return Status::NotFound("there is no field '" + request.field + "'");
  input.metric = field->metric;
  SAGITTA_ASSIGN_OR_RETURN(input.rows, Sample());
  if (request.compatible_with.empty()) return input;
  SAGITTA_ASSIGN_OR_RETURN(input.old_ref,
                           ModelRef::Parse("compatible_with", request.compatible_with));
  SAGITTA_ASSIGN_OR_RETURN(const StoredModel old, parts.models->Read(*input.old_ref));
  SAGITTA_ASSIGN_OR_RETURN(input.old, ReadBinarizer(old));
  return input;
}

Result<std::unique_ptr<learn::BinarizerTrainer>> TrainingRun::MakeTrainer(
    const Input& input) const {
  parts.log->Update(id, "prepare", kSampled);
  SAGITTA_ASSIGN_OR_RETURN(
      auto trainer,
      learn::BinarizerTrainer::Create(OptionsOf(request, input.metric), input.Data(), cancel));
  if (!files.HasCheckpoint()) return trainer;
  const auto checkpoint = files.LoadCheckpoint();
  const Status restored = checkpoint.ok() ? trainer->Restore(*checkpoint) : checkpoint.status();
  if (!restored.ok()) {
    base::LogWarn("the training of {} begins anew: {}: {}", request.name, files.folder(),
                  restored.ToString());
  }
  return trainer;
}

Status TrainingRun::Train(learn::BinarizerTrainer& trainer) const {
  const auto every = std::chrono::seconds(request.checkpoint_seconds);
  Clock::time_point saved = Clock::now(), shown;
  while (trainer.step() < trainer.steps()) {
    if (const Status cancelled = cancel.Check(); !cancelled.ok()) {
      SAGITTA_RETURN_IF_ERROR(files.SaveCheckpoint(trainer.Checkpoint()));
      return cancelled;
    }
    trainer.Step();
    const Clock::time_point now = Clock::now();
    parts.log->Update(id, "train",
                      kPrepared + (kTrained - kPrepared) * trainer.step() / trainer.steps());
    if (now - shown >= kShowEvery) {
      parts.log->SetLosses(id, Shortened(trainer.losses()));
      shown = now;
    }
    if (now - saved < every) continue;
    SAGITTA_RETURN_IF_ERROR(files.SaveCheckpoint(trainer.Checkpoint()));
    SAGITTA_FAULT("train.after_checkpoint");
    saved = now;
  }
  parts.log->SetLosses(id, Shortened(trainer.losses()));
  return files.SaveCheckpoint(trainer.Checkpoint());
}

Result<TrainingOutcome> TrainingRun::Run() const {
  parts.log->Begin(id, 0);
  SAGITTA_ASSIGN_OR_RETURN(const Input input, Prepare());
  parts.log->SetKind(id, "train", input.rows.documents.n);
  base::Reservation memory(parts.memory);
  SAGITTA_RETURN_IF_ERROR(
      memory.Take(kFloatsForNumber * input.rows.bytes(), "training a model; fewer rows need less"));
  SAGITTA_ASSIGN_OR_RETURN(const auto trainer, MakeTrainer(input));
  SAGITTA_RETURN_IF_ERROR(Train(*trainer));
  parts.log->Update(id, "measure", kTrained);
  SAGITTA_ASSIGN_OR_RETURN(const learn::BinarizerResult result, trainer->Finish(cancel));
  TrainingOutcome outcome;
  outcome.measured = Describe(result);
  outcome.reason = Reason(result);
  outcome.model.body = result.document_codec;
  ModelInfo& info = outcome.model.info;
  info.rows = input.rows.documents.n;
  info.compatible = input.old_ref;
  info.before = Metrics(result.before);
  info.after = Metrics(result.after);
  info.old_alone = result.old_alone;
  return outcome;
}

}  // namespace sagitta::database
