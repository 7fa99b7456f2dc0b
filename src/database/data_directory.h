// DataDirectory: where things lie in a database's directory, the lock that keeps other processes
// out of it, and the file FORMAT that says which version wrote it.
//
//   LOCK                     held while open, with the holder's process id
//   FORMAT                   "sagitta-data 1\n"
//   catalog/                 store::CatalogStore
//   collections/UUID/shard-NNNN/…
//   models/                  ModelStore
//   trainings/UUID/          TrainingFiles
//   snapshots/UUID/          SNAPSHOT.json, shard-NNNN/…; UUID.tmp while being made or removed
//
// Thread-compatible; its paths never change.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/file.h"
#include "sagitta/status.h"

namespace sagitta::database {

class DataDirectory {
 public:
  // The newest format that this build reads, and the one that it writes.
  static constexpr uint32_t kFormatVersion = 1;

  // Locks the directory, and makes it ready when it is absent or empty and `create`. NOT_FOUND when
  // it may not be made; FAILED_PRECONDITION when it is open elsewhere, when a newer version wrote
  // it, or when it holds files of somebody else, none of which is touched; DATA_LOSS when FORMAT is
  // damaged or the catalog is gone.
  static Result<std::unique_ptr<DataDirectory>> Open(const std::string& path, bool create);

  const std::string& path() const { return path_; }
  std::string catalog() const { return path_ + "/catalog"; }
  std::string collections() const { return path_ + "/collections"; }
  std::string collection(const std::string& uuid) const { return collections() + "/" + uuid; }
  std::string models() const { return path_ + "/models"; }
  std::string trainings() const { return path_ + "/trainings"; }
  std::string snapshots() const { return path_ + "/snapshots"; }

  // Removes the directories of collections other than `known`, which a crash while making,
  // restoring or dropping one left behind.
  Status RemoveOrphans(const std::set<std::string>& known) const;

 private:
  DataDirectory(std::string path, std::unique_ptr<base::FileLock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  Status CheckFormat() const;
  Status Make() const;

  const std::string path_;
  const std::unique_ptr<base::FileLock> lock_;
};

}  // namespace sagitta::database
