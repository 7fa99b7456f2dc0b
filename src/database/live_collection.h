// LiveCollection: a collection that is open, shared by all handles to it. Every call of a handle
// runs inside a CollectionUse, so that a drop or the end of the database can refuse new calls, wait
// for those that run, and then close the shards while handles still exist. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "compactor/compactor.h"
#include "engine/collection_core.h"

namespace sagitta::database {

class LiveCollection;

// While it lives, the collection's core and the parts of the database stay.
class CollectionUse {
 public:
  CollectionUse(CollectionUse&& other) noexcept
      : collection_(std::exchange(other.collection_, nullptr)), core_(other.core_) {}
  CollectionUse& operator=(CollectionUse&&) = delete;
  ~CollectionUse();

  engine::CollectionCore& core() const { return *core_; }

 private:
  friend class LiveCollection;
  CollectionUse(LiveCollection* collection, engine::CollectionCore* core)
      : collection_(collection), core_(core) {}

  LiveCollection* collection_;
  engine::CollectionCore* core_;
};

class LiveCollection {
 public:
  // `core` is null, and `damage` says why, when the collection's shards could not be opened.
  LiveCollection(std::string uuid, std::string directory, CollectionSchema schema,
                 std::shared_ptr<engine::CollectionCore> core, Status damage);

  // For the compactor; null when damaged or closed.
  std::shared_ptr<engine::CollectionCore> core() const EXCLUDES_LOCK(mu_);

  const std::string& uuid() const { return uuid_; }
  const std::string& directory() const { return directory_; }
  // As last known; there also when the collection is damaged, dropped or closed.
  std::shared_ptr<const CollectionSchema> schema() const { return schema_.Get(); }
  void SetSchema(const CollectionUse& use, const CollectionSchema& schema);

  // The status that says why not when the collection is damaged, dropped or closed.
  // REQUIRES: *this outlives the use.
  Result<CollectionUse> Begin() EXCLUDES_LOCK(mu_);
  // Of a call that ended with `status`: the reason for a refusal, when one ended it; else `status`.
  Status Explain(const Status& status) const EXCLUDES_LOCK(mu_);

  // Begin() fails with `reason` from now on; the first reason stays.
  void Refuse(Status reason) EXCLUDES_LOCK(mu_);
  // Ends jobs, writes and index builds, waits for all uses, closes the shards. REQUIRES: Refuse()
  // was called.
  void Close(compactor::Compactor& compactor) EXCLUDES_LOCK(mu_);

  // Held while a payload index is made or dropped: one at a time, so that none is built after its
  // drop.
  base::Mutex& index_mu() SAGITTA_TSA(lock_returned(index_mu_)) { return index_mu_; }
  const CancelToken& closing() const { return closing_; }  // cancelled by Close()

 private:
  friend class CollectionUse;
  void End() EXCLUDES_LOCK(mu_);

  const std::string uuid_;
  const std::string directory_;
  engine::LiveSchema schema_;
  CancelToken closing_ = CancelToken::Manual();
  base::Mutex index_mu_;

  mutable base::Mutex mu_;
  base::CondVar unused_;
  std::shared_ptr<engine::CollectionCore> core_ GUARDED_BY(mu_);
  Status damage_ GUARDED_BY(mu_);
  Status refused_ GUARDED_BY(mu_);
  int uses_ GUARDED_BY(mu_) = 0;
};

}  // namespace sagitta::database
