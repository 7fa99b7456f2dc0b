#include "database/live_collection.h"

namespace sagitta::database {

CollectionUse::~CollectionUse() {
  if (collection_ != nullptr) collection_->End();
}

LiveCollection::LiveCollection(std::string uuid, std::string directory, CollectionSchema schema,
                               std::shared_ptr<engine::CollectionCore> core, Status damage)
    : uuid_(std::move(uuid)),
      directory_(std::move(directory)),
      schema_(std::move(schema)),
      core_(std::move(core)),
      damage_(std::move(damage)) {}

void LiveCollection::SetSchema(const CollectionUse& use, const CollectionSchema& schema) {
  schema_.Set(schema);
  use.core().SetSchema(schema);
}

std::shared_ptr<engine::CollectionCore> LiveCollection::core() const {
  base::MutexLock lock(mu_);
  return core_;
}

Result<CollectionUse> LiveCollection::Begin() {
  base::MutexLock lock(mu_);
  SAGITTA_RETURN_IF_ERROR(refused_);
  SAGITTA_RETURN_IF_ERROR(damage_);
  ++uses_;
  return CollectionUse(this, core_.get());
}

void LiveCollection::End() {
  base::MutexLock lock(mu_);
  if (--uses_ == 0) unused_.NotifyAll();
}

Status LiveCollection::Explain(const Status& status) const {
  if (status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kCancelled) {
    return status;
  }
  base::MutexLock lock(mu_);
  return refused_.ok() ? status : refused_;
}

void LiveCollection::Refuse(Status reason) {
  base::MutexLock lock(mu_);
  if (refused_.ok()) refused_ = std::move(reason);
}

void LiveCollection::Close(compactor::Compactor& compactor) {
  closing_.Cancel();
  std::shared_ptr<engine::CollectionCore> closed = core();
  if (closed == nullptr) return;
  compactor.Remove(closed.get());
  closed->Stop();
  base::MutexLock lock(mu_);
  while (uses_ > 0) unused_.Wait(mu_);
  core_ = nullptr;  // `closed` outlives the lock: shards close without it
}

}  // namespace sagitta::database
