// Directories, and questions about paths.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fault.h"
#include "base/file.h"
#include "base/system_error.h"

namespace sagitta::base {

namespace fs = std::filesystem;

Status CreateDirectories(const std::string& path) {
  SAGITTA_FAULT("file.make_dir");
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path at = fs::path(path).lexically_normal(); !at.empty(); at = at.parent_path()) {
    if (fs::is_directory(at, error)) break;
    if (at.has_filename()) missing.push_back(at);  // "a/b/" ends in an empty name
  }
  for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
    if (::mkdir(it->c_str(), 0755) != 0) {
      if (errno == EEXIST && fs::is_directory(*it, error)) continue;  // made by another thread
      return SystemError("create directory", it->string(), errno);
    }
    const fs::path parent = it->parent_path();
    SAGITTA_RETURN_IF_ERROR(SyncDirectory(parent.empty() ? "." : parent.string()));
  }
  return Status::Ok();
}

Status RemoveFile(const std::string& path) {
  SAGITTA_FAULT("file.remove");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return SystemError("remove", path, errno);
  return Status::Ok();
}

Status RemoveTree(const std::string& path) {
  SAGITTA_FAULT("file.remove");
  std::error_code error;
  fs::remove_all(path, error);  // does not follow links
  if (error) return SystemError("remove", path, error.value());
  return Status::Ok();
}

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  SAGITTA_FAULT("file.list");
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return SystemError("list", path, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

bool FileExists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

Result<uint64_t> FileSize(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return SystemError("stat", path, errno);
  return static_cast<uint64_t>(info.st_size);
}

Result<uint64_t> FreeDiskBytes(const std::string& path) {
  struct statvfs info;
  if (::statvfs(path.c_str(), &info) != 0) return SystemError("statvfs", path, errno);
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace sagitta::base
