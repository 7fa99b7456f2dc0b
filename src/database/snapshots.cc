#include "database/snapshots.h"

#include <algorithm>
#include <tuple>

#include "base/file.h"
#include "base/log.h"
#include "database/snapshot_files.h"

namespace sagitta::database {
namespace {

constexpr std::string_view kTemporary = ".tmp";

std::string ManifestPath(const std::string& folder) {
  return folder + "/" + SnapshotManifest::kFileName;
}

// Best effort: what stays is removed at the next open.
void RemoveTemporary(const std::string& path) {
  const Status status = base::RemoveTree(path);
  if (!status.ok()) base::LogWarn("{} stays until the next start: {}", path, status.ToString());
}

Result<SnapshotInfo> Make(engine::CollectionCore& collection, const std::string& id,
                          const std::string& folder) {
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(folder));
  SnapshotManifest manifest;
  manifest.id = id;
  manifest.created_ms = engine::NowMs();
  SAGITTA_ASSIGN_OR_RETURN(const auto checkpoint, collection.Checkpoint(folder));
  // After the copy: an index made meanwhile is then known, and its data is made when it is missing.
  manifest.schema = *collection.schema();
  manifest.points = checkpoint.points;
  manifest.seq = checkpoint.seq;
  SAGITTA_ASSIGN_OR_RETURN(manifest.content, ListSnapshotContent(folder));
  SAGITTA_RETURN_IF_ERROR(base::WriteFileAtomically(ManifestPath(folder), manifest.ToJson()));
  return manifest.Info();
}

}  // namespace

// Keeps a snapshot from being deleted.
class Snapshots::Reading {
 public:
  Reading(Snapshots& snapshots, std::string id) : snapshots_(snapshots), id_(std::move(id)) {
    base::MutexLock lock(snapshots_.mu_);
    snapshots_.reading_.insert(id_);
  }
  ~Reading() {
    base::MutexLock lock(snapshots_.mu_);
    snapshots_.reading_.erase(snapshots_.reading_.find(id_));
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  Snapshots& snapshots_;
  const std::string id_;
};

Status Snapshots::RemoveLeftovers() const {
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(folder_));
  for (const std::string& name : names) {
    if (!name.ends_with(kTemporary)) continue;
    if (!Uuid::Parse(name.substr(0, name.size() - kTemporary.size())).ok()) continue;
    base::LogWarn("{} was left by a crash; it is removed", Path(name));
    SAGITTA_RETURN_IF_ERROR(base::RemoveTree(Path(name)));
  }
  return Status::Ok();
}

Result<SnapshotInfo> Snapshots::Create(engine::CollectionCore& collection) const {
  const std::string id = Uuid::Random().ToString();
  const std::string temporary = Path(id) + std::string(kTemporary);
  auto info = Make(collection, id, temporary);
  Status status = info.status();
  if (status.ok()) status = base::RenameFile(temporary, Path(id));
  if (status.ok()) return info;
  RemoveTemporary(temporary);
  return status;
}

Result<std::string> Snapshots::FindId(std::string_view id) const {
  const auto uuid = Uuid::Parse(id);
  if (!uuid.ok()) return Status::InvalidArgument("snapshot_id", uuid.status().message());
  std::string name = uuid->ToString();
  if (!base::FileExists(Path(name))) return Status::NotFound("there is no snapshot " + name);
  return name;
}

Result<SnapshotManifest> Snapshots::ReadManifest(const std::string& id) const {
  const std::string file = ManifestPath(Path(id));
  auto text = base::ReadFile(file);
  if (text.ok()) return SnapshotManifest::FromJson(*text, file, id);
  if (text.status().code() != StatusCode::kNotFound) return text.status();
  return Status::DataLoss("snapshot file " + file + " is missing");
}

Result<std::vector<SnapshotInfo>> Snapshots::List() const {
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(folder_));
  std::vector<SnapshotInfo> snapshots;
  for (const std::string& name : names) {
    const auto uuid = Uuid::Parse(name);
    if (!uuid.ok() || uuid->ToString() != name) continue;
    auto manifest = ReadManifest(name);
    if (manifest.ok()) {
      snapshots.push_back(manifest->Info());
    } else if (base::FileExists(Path(name))) {  // not deleted meanwhile
      base::LogWarn("a damaged snapshot is not listed: {}", manifest.status().ToString());
    }
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const auto& a, const auto& b) {
    return std::tie(a.created_ms, a.id) < std::tie(b.created_ms, b.id);
  });
  return snapshots;
}

Result<CollectionSchema> Snapshots::CopyTo(std::string_view id, const std::string& to) {
  SAGITTA_ASSIGN_OR_RETURN(const std::string name, FindId(id));
  const Reading reading(*this, name);
  SAGITTA_ASSIGN_OR_RETURN(SnapshotManifest manifest, ReadManifest(name));
  SAGITTA_RETURN_IF_ERROR(CheckSnapshotContent(Path(name), manifest.content));
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(to));
  SAGITTA_RETURN_IF_ERROR(CopySnapshotContent(Path(name), to, manifest.content));
  return std::move(manifest.schema);
}

Status Snapshots::Delete(std::string_view id) {
  SAGITTA_ASSIGN_OR_RETURN(const std::string name, FindId(id));
  const std::string temporary = Path(name) + std::string(kTemporary);
  {
    base::MutexLock lock(mu_);
    if (reading_.contains(name)) {
      return Status::FailedPrecondition("snapshot " + name + " is being restored");
    }
    if (!base::FileExists(Path(name))) return Status::NotFound("there is no snapshot " + name);
    SAGITTA_RETURN_IF_ERROR(base::RenameFile(Path(name), temporary));
  }
  return base::RemoveTree(temporary);
}

}  // namespace sagitta::database
