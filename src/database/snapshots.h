// Snapshots: the folder of snapshots of a data directory. One is made in UUID.tmp and renamed when
// it is whole, and renamed back before it is removed, so that UUID is always complete. Thread-safe.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "database/snapshot_manifest.h"
#include "engine/collection_core.h"

namespace sagitta::database {

class Snapshots {
 public:
  explicit Snapshots(std::string folder) : folder_(std::move(folder)) {}

  // What a crash left half made or half removed goes.
  Status RemoveLeftovers() const;

  Result<SnapshotInfo> Create(engine::CollectionCore& collection) const;
  // Oldest first. Damaged ones are passed over, with a warning in the log.
  Result<std::vector<SnapshotInfo>> List() const;
  // Checks the whole snapshot, then copies its shards to the directory `to`, which must not exist.
  // Returns the schema. INVALID_ARGUMENT "snapshot_id", NOT_FOUND, DATA_LOSS naming the file; after
  // an error there may be a part of the copy.
  Result<CollectionSchema> CopyTo(std::string_view id, const std::string& to) EXCLUDES_LOCK(mu_);
  // FAILED_PRECONDITION while it is being restored.
  Status Delete(std::string_view id) EXCLUDES_LOCK(mu_);

 private:
  class Reading;

  // The id as directories spell it. INVALID_ARGUMENT unless a UUID; NOT_FOUND when there is none.
  Result<std::string> FindId(std::string_view id) const;
  Result<SnapshotManifest> ReadManifest(const std::string& id) const;
  std::string Path(const std::string& id) const { return folder_ + "/" + id; }

  const std::string folder_;
  base::Mutex mu_;
  std::multiset<std::string> reading_ GUARDED_BY(mu_);  // ids being restored
};

}  // namespace sagitta::database
