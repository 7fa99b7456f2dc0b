#include "database/data_directory.h"

#include <charconv>
#include <filesystem>
#include <string_view>

#include "base/log.h"
#include "sagitta/point.h"

namespace sagitta::database {
namespace {

constexpr std::string_view kFormatPrefix = "sagitta-data ";

std::string FormatPath(const std::string& path) { return path + "/FORMAT"; }

// What an empty directory may hold: the remains of an open that ended before FORMAT was there, and
// what mkfs puts into the root of a file system.
bool IsNothing(const std::string& name) {
  return name == "LOCK" || name == "FORMAT.tmp" || name == "lost+found";
}

// True when the directory is there and is a database's; false when it is to be made.
Result<bool> IsDatabase(const std::string& path, bool create) {
  std::error_code error;
  if (!base::FileExists(path)) {
    if (create) return false;
    return Status::NotFound("data directory " + path + " does not exist");
  }
  if (!std::filesystem::is_directory(path, error)) {
    return Status::FailedPrecondition("data directory " + path + " is not a directory");
  }
  if (base::FileExists(FormatPath(path))) return true;
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(path));
  for (const std::string& name : names) {
    if (IsNothing(name)) continue;
    return Status::FailedPrecondition(
        "data directory " + path + " holds '" + name +
        "' but no file FORMAT: it is not Sagitta's, and is left alone");
  }
  if (create) return false;
  return Status::NotFound("data directory " + path + " is empty");
}

Result<std::unique_ptr<base::FileLock>> Lock(const std::string& path) {
  auto lock = base::FileLock::Acquire(path + "/LOCK");
  if (lock.ok() || lock.status().code() != StatusCode::kFailedPrecondition) return lock;
  return Status::FailedPrecondition("data directory " + path +
                                    " is already open: " + lock.status().message());
}

}  // namespace

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path, bool create) {
  if (path.empty()) return Status::InvalidArgument("path", "is empty; a directory is needed");
  SAGITTA_ASSIGN_OR_RETURN(const bool exists, IsDatabase(path, create));
  if (!exists) SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(path));
  SAGITTA_ASSIGN_OR_RETURN(auto lock, Lock(path));
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, std::move(lock)));
  // Again, under the lock: another process may just have made it.
  if (base::FileExists(FormatPath(path))) {
    SAGITTA_RETURN_IF_ERROR(directory->CheckFormat());
  }
  SAGITTA_RETURN_IF_ERROR(directory->Make());
  return directory;
}

Status DataDirectory::CheckFormat() const {
  const std::string file = FormatPath(path_);
  SAGITTA_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(file));
  std::string_view rest = text;
  uint32_t version = 0;
  bool good = rest.starts_with(kFormatPrefix) && rest.ends_with('\n');
  if (good) {
    rest.remove_prefix(kFormatPrefix.size());
    rest.remove_suffix(1);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
    good = error == std::errc() && end == rest.data() + rest.size() && version > 0;
  }
  if (!good) {
    return Status::DataLoss(file + " is damaged: it should be one line, \"" +
                            std::string(kFormatPrefix) + "VERSION\"");
  }
  if (version > kFormatVersion) {
    return Status::FailedPrecondition(
        file + ": a newer version wrote this data directory: format " + std::to_string(version) +
        "; this build supports 1 to " + std::to_string(kFormatVersion));
  }
  // An empty catalog in the place of a lost one would make orphans of all collections.
  if (base::FileExists(catalog() + "/CURRENT") || !base::FileExists(collections())) {
    return Status::Ok();
  }
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(collections()));
  if (names.empty()) return Status::Ok();
  return Status::DataLoss("catalog " + catalog() + " is missing, and " + collections() +
                          " holds collections");
}

Status DataDirectory::Make() const {
  // FORMAT first: whatever has other files is then known to be ours.
  if (!base::FileExists(FormatPath(path_))) {
    SAGITTA_RETURN_IF_ERROR(base::WriteFileAtomically(
        FormatPath(path_), std::string(kFormatPrefix) + std::to_string(kFormatVersion) + "\n"));
  }
  for (const std::string& folder : {catalog(), collections(), snapshots()}) {
    SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(folder));
  }
  return Status::Ok();
}

Status DataDirectory::RemoveOrphans(const std::set<std::string>& known) const {
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(collections()));
  for (const std::string& name : names) {
    if (known.contains(name)) continue;
    if (!Uuid::Parse(name).ok()) {
      base::LogWarn("{} is not of this database; it is left alone", collection(name));
      continue;
    }
    base::LogWarn("{} belongs to no collection; it is removed", collection(name));
    SAGITTA_RETURN_IF_ERROR(base::RemoveTree(collection(name)));
  }
  return Status::Ok();
}

}  // namespace sagitta::database
