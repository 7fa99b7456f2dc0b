// DatabaseImpl: models and their trainings.
#include "database/database_impl.h"
#include "database/model_evaluation.h"
#include "database/model_use.h"
#include "database/no_throw.h"

namespace sagitta::database {

Status DatabaseImpl::CancelJob(uint64_t job) {
  return NoThrow([&]() -> Status {
    const Status cancelled = trainer_->Cancel(job);
    if (cancelled.code() != StatusCode::kNotFound) return cancelled;
    for (const JobInfo& running : compactor_->log().Running()) {
      if (running.id != job || running.kind == "train") continue;
      return Status::FailedPrecondition("job " + std::to_string(job) + " is the compactor's (" +
                                        running.kind +
                                        "), which would start it again; compaction can be paused");
    }
    return cancelled;
  });
}

Result<uint64_t> DatabaseImpl::TrainBinarizer(TrainBinarizerRequest request) {
  return NoThrow([&] { return trainer_->Start(std::move(request)); });
}

Result<uint64_t> DatabaseImpl::TrainAdapter(TrainAdapterRequest request) {
  return NoThrow([&] { return trainer_->Start(std::move(request)); });
}

std::vector<ModelInfo> DatabaseImpl::ListModels() const { return models_->List(); }

Result<ModelInfo> DatabaseImpl::GetModel(const ModelRef& model) const {
  return NoThrow([&] { return models_->Get(model); });
}

Result<std::string> DatabaseImpl::ExportModel(const ModelRef& model) const {
  return NoThrow([&] { return models_->Export(model); });
}

Result<ModelInfo> DatabaseImpl::ImportModel(std::string_view name, std::string_view bytes) {
  return NoThrow([&]() -> Result<ModelInfo> {
    SAGITTA_RETURN_IF_ERROR(ValidateName("name", name));
    auto model = DecodeModel(bytes);
    if (!model.ok()) return Status::InvalidArgument("bytes", model.status().message());
    model->info.imported = true;
    return models_->Add(std::string(name), std::move(*model));
  });
}

Result<ModelEvaluation> DatabaseImpl::EvaluateModel(const ModelRef& model,
                                                    std::string_view collection,
                                                    std::string_view field,
                                                    const CancelToken& cancel) const {
  return NoThrow([&]() -> Result<ModelEvaluation> {
    SAGITTA_ASSIGN_OR_RETURN(const StoredModel stored, models_->Read(model));
    SAGITTA_RETURN_IF_ERROR(ValidateName("collection", collection));
    SAGITTA_ASSIGN_OR_RETURN(const auto found, catalog_->Find(collection));
    learn::Matrix rows;
    {
      // Not longer than they are read: what ends a collection waits for its uses.
      SAGITTA_ASSIGN_OR_RETURN(const CollectionUse use, found->Begin());
      SAGITTA_ASSIGN_OR_RETURN(rows, EvaluationRows(stored.info, use.core(), field, cancel));
    }
    return EvaluateModelOn(stored, rows, cancel);
  });
}

Status DatabaseImpl::DeleteModel(const ModelRef& model) {
  return NoThrow([&] { return Delete(model); });
}

Status DatabaseImpl::Delete(const ModelRef& model) {
  const base::WriterLock naming(naming_mu_);
  for (const auto& collection : catalog_->All()) {
    if (!Names(*collection->schema(), model)) continue;
    return Status::FailedPrecondition("collection '" + collection->schema()->name +
                                      "' is coded by model '" + model.ToString() + "'");
  }
  return models_->Delete(model);
}

}  // namespace sagitta::database
