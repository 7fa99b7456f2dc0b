#include "database/trainer.h"

#include <utility>
#include <vector>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "database/adapter_run.h"
#include "database/no_throw.h"
#include "database/training_run.h"

namespace sagitta::database {
namespace {

Result<uint64_t> CountPoints(const CollectionUse& use) {
  SAGITTA_ASSIGN_OR_RETURN(const CountResult count, use.core().Count(std::nullopt, {}));
  return count.count;
}

// Sets the collection's own name: an alias may lead elsewhere later.
template <typename Request>
Result<std::shared_ptr<LiveCollection>> FindCollection(const Catalog& catalog, Request* request) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("collection", request->collection));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, catalog.Find(request->collection));
  request->collection = collection->schema()->name;
  return collection;
}

const std::string& NameOf(const TrainingRequest& request) {
  return std::visit([](const auto& of_kind) -> const std::string& { return of_kind.name; },
                    request);
}
const std::string& CollectionOf(const TrainingRequest& request) {
  return std::visit([](const auto& of_kind) -> const std::string& { return of_kind.collection; },
                    request);
}

}  // namespace

Trainer::Trainer(std::string folder, TrainerParts parts)
    : folder_(std::move(folder)),
      parts_(parts),
      thread_("train", 1, 1 << 20, base::ThreadPool::Priority::kBackground) {}

Result<std::unique_ptr<Trainer>> Trainer::Open(const std::string& folder, TrainerParts parts) {
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(folder));
  std::unique_ptr<Trainer> trainer(new Trainer(folder, parts));
  SAGITTA_RETURN_IF_ERROR(trainer->Resume());
  return trainer;
}

Trainer::~Trainer() {
  closing_ = true;
  base::MutexLock lock(mu_);
  for (const auto& [id, job] : jobs_) job->cancel.Cancel();
}

Status Trainer::Resume() {
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(folder_));
  for (const std::string& name : names) {
    if (!Uuid::Parse(name).ok()) continue;
    const TrainingFiles files(folder_ + "/" + name);
    if (!files.HasJob()) {  // it never was one, or was cancelled or done
      SAGITTA_RETURN_IF_ERROR(files.Remove());
      continue;
    }
    auto request = files.LoadJob();
    if (!request.ok()) {
      base::LogError("a training does not go on: {}", request.status().ToString());
      continue;
    }
    uint64_t id = 0;
    SAGITTA_RETURN_IF_ERROR(Enqueue(name, std::move(*request), &id));
  }
  return Status::Ok();
}

Status Trainer::CheckRoom() const {
  base::MutexLock lock(mu_);
  if (jobs_.size() <= kMostWaiting) return Status::Ok();
  return Status::ResourceExhausted(std::to_string(kMostWaiting) +
                                   " trainings wait, as many as may");
}

Result<uint64_t> Trainer::Start(TrainBinarizerRequest request) {
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, FindCollection(*parts_.catalog, &request));
  const auto schema = collection->schema();
  SAGITTA_RETURN_IF_ERROR(CheckTraining(*schema, *parts_.models, &request));
  SAGITTA_RETURN_IF_ERROR(CheckRoom());
  if (request.pairs.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(const TrainingRows rows,
                             RowsOfPairs(*request.pairs, *schema->FindField(request.field)));
    request.pairs = TrainingPairs();
    return Launch(std::move(request), &rows);
  }
  {
    SAGITTA_ASSIGN_OR_RETURN(const CollectionUse use, collection->Begin());
    SAGITTA_ASSIGN_OR_RETURN(const uint64_t points, CountPoints(use));
    if (points < kLeastTrainingRows) {
      return Status::InvalidArgument("collection", "has " + std::to_string(points) +
                                                       " points; training needs " +
                                                       std::to_string(kLeastTrainingRows));
    }
  }
  return Launch(std::move(request), nullptr);
}

Result<uint64_t> Trainer::Start(TrainAdapterRequest request) {
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, FindCollection(*parts_.catalog, &request));
  const auto schema = collection->schema();
  SAGITTA_RETURN_IF_ERROR(CheckAdapterTraining(*schema, &request));
  SAGITTA_RETURN_IF_ERROR(CheckRoom());
  TrainingRows rows;
  {
    SAGITTA_ASSIGN_OR_RETURN(const CollectionUse use, collection->Begin());
    SAGITTA_ASSIGN_OR_RETURN(rows,
                             RowsOfAdapter(request, use.core(), *schema->FindField(request.field)));
  }
  request.from.clear();
  request.points.clear();
  request.to.clear();
  return Launch(std::move(request), &rows);
}

Result<uint64_t> Trainer::Launch(TrainingRequest request, const TrainingRows* rows) {
  std::string uuid = Uuid::Random().ToString();
  const TrainingFiles files(folder_ + "/" + uuid);
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(files.folder()));
  Status saved = rows != nullptr ? files.SaveRows(*rows) : Status::Ok();
  if (saved.ok()) saved = files.SaveJob(request);
  uint64_t id = 0;
  if (saved.ok()) saved = Enqueue(std::move(uuid), std::move(request), &id);
  if (saved.ok()) return id;
  const Status removed = files.Remove();
  if (!removed.ok()) base::LogWarn("{}", removed.ToString());
  return saved;
}

Status Trainer::Enqueue(std::string uuid, TrainingRequest request, uint64_t* id) {
  auto job = std::make_shared<Job>(Job{
      .uuid = uuid, .files = TrainingFiles(folder_ + "/" + uuid), .request = std::move(request)});
  job->id = *id = parts_.log->Queue("train", CollectionOf(job->request));
  {
    base::MutexLock lock(mu_);
    jobs_.emplace(job->id, job);
  }
  const Status queued = thread_.Submit([this, job] { Run(job); });
  if (queued.ok()) return queued;
  parts_.log->Drop(job->id);
  base::MutexLock lock(mu_);
  jobs_.erase(job->id);
  return queued;
}

Status Trainer::Cancel(uint64_t id) {
  JobPtr job;
  {
    base::MutexLock lock(mu_);
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) {
      return Status::NotFound("no training " + std::to_string(id) + " waits or runs");
    }
    job = it->second;
  }
  SAGITTA_RETURN_IF_ERROR(job->files.ForgetJob());
  job->cancel.Cancel();
  return Status::Ok();
}

Status Trainer::RunTraining(const Job& job) const {
  if (const auto published = parts_.models->FindJob(job.uuid); published.has_value()) {
    parts_.log->SetNote(job.id, "published " + published->ref.ToString());
    return Status::Ok();
  }
  const auto* adapter = std::get_if<TrainAdapterRequest>(&job.request);
  auto outcome = adapter != nullptr
                     ? AdapterRun{parts_, job.files, *adapter, job.id, job.cancel}.Run()
                     : TrainingRun{parts_, job.files, std::get<TrainBinarizerRequest>(job.request),
                                   job.id, job.cancel}
                           .Run();
  SAGITTA_RETURN_IF_ERROR(outcome.status());
  return Publish(job, std::move(*outcome));
}

Status Trainer::Publish(const Job& job, TrainingOutcome outcome) const {
  const std::string &name = NameOf(job.request), &measured = outcome.measured;
  if (!outcome.reason.empty()) {
    parts_.log->SetNote(job.id, "not published, " + outcome.reason + ": " + measured);
    base::LogInfo("the training of {} is not published, {}: {}", name, outcome.reason, measured);
    return Status::Ok();
  }
  parts_.log->Update(job.id, "publish", 1);
  ModelInfo& info = outcome.model.info;
  info.created_ms = engine::NowMs();
  info.collection = CollectionOf(job.request);
  info.field = std::visit([](const auto& of_kind) { return of_kind.field; }, job.request);
  info.job = job.uuid;
  SAGITTA_ASSIGN_OR_RETURN(const ModelInfo added,
                           parts_.models->Add(name, std::move(outcome.model)));
  parts_.log->SetNote(job.id, "published " + added.ref.ToString() + ": " + measured);
  base::LogInfo("published {}: {}", added.ref.ToString(), measured);
  SAGITTA_FAULT("train.after_publish");
  return Status::Ok();
}

void Trainer::Run(const JobPtr& job) {
  Status status = job->cancel.Check();
  if (status.ok()) status = NoThrow([&] { return RunTraining(*job); });
  // What the end of the process stopped goes on at the next start.
  const bool goes_on = closing_ && !status.ok() && job->files.HasJob();
  if (!goes_on) {
    Status removed = job->files.ForgetJob();
    if (removed.ok()) removed = job->files.Remove();
    if (!removed.ok()) base::LogWarn("{}", removed.ToString());
    if (!status.ok()) {
      base::LogWarn("the training of {} ended: {}", NameOf(job->request), status.ToString());
    }
  }
  parts_.log->Finish(job->id, status);
  base::MutexLock lock(mu_);
  jobs_.erase(job->id);
}

}  // namespace sagitta::database
