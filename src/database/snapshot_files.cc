#include "database/snapshot_files.h"

#include <filesystem>
#include <set>

#include "base/file.h"

namespace sagitta::database {
namespace {

namespace fs = std::filesystem;

fs::file_type TypeOf(const std::string& path) {  // of a link itself, not of what it leads to
  std::error_code error;
  return fs::symlink_status(path, error).type();
}

Status ListFolder(const std::string& root, const std::string& below, SnapshotContent* content) {
  const std::string folder = below.empty() ? root : root + "/" + below;
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(folder));
  for (const std::string& name : names) {
    SnapshotFile file;
    file.path = below.empty() ? name : below + "/" + name;
    const std::string path = root + "/" + file.path;
    switch (TypeOf(path)) {
      case fs::file_type::directory:
        content->folders.push_back(file.path);
        SAGITTA_RETURN_IF_ERROR(ListFolder(root, file.path, content));
        break;
      case fs::file_type::regular: {
        SAGITTA_ASSIGN_OR_RETURN(file.bytes, base::FileSize(path));
        SAGITTA_ASSIGN_OR_RETURN(file.xxh3, base::HashFile(path));
        content->files.push_back(std::move(file));
        break;
      }
      default:
        return Status::Internal("snapshot: " + path + " is neither file nor directory");
    }
  }
  return base::SyncDirectory(folder);
}

// A link on the way would lead out of the snapshot.
bool IsPlainFile(const std::string& folder, const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (TypeOf(folder + "/" + path.substr(0, slash)) != fs::file_type::directory) return false;
  }
  return TypeOf(folder + "/" + path) == fs::file_type::regular;
}

// Segments, and RocksDB's tables and blob files: written once, then only removed.
bool NeverChanges(const std::string& path) {
  return path.ends_with(".seg") || path.ends_with(".sst") || path.ends_with(".blob");
}

Status CopyFile(const std::string& from, const std::string& to) {
  SAGITTA_ASSIGN_OR_RETURN(const auto source, base::MappedFile::Open(from));
  SAGITTA_ASSIGN_OR_RETURN(const auto target, base::FileWriter::Create(to));
  SAGITTA_RETURN_IF_ERROR(target->Append(source->bytes().data(), source->bytes().size()));
  SAGITTA_RETURN_IF_ERROR(target->Sync());
  return target->Close();
}

}  // namespace

Result<SnapshotContent> ListSnapshotContent(const std::string& root) {
  SnapshotContent content;
  SAGITTA_RETURN_IF_ERROR(ListFolder(root, "", &content));
  return content;
}

Status CheckSnapshotContent(const std::string& root, const SnapshotContent& content) {
  for (const SnapshotFile& file : content.files) {
    const std::string path = root + "/" + file.path;
    if (!IsPlainFile(root, file.path)) {
      return Status::DataLoss("snapshot file " + path + " is missing or is no plain file");
    }
    SAGITTA_ASSIGN_OR_RETURN(const uint64_t bytes, base::FileSize(path));
    if (bytes != file.bytes) {
      return Status::DataLoss("snapshot file " + path + " has " + std::to_string(bytes) +
                              " bytes instead of " + std::to_string(file.bytes));
    }
    SAGITTA_ASSIGN_OR_RETURN(const uint64_t hash, base::HashFile(path));
    if (hash != file.xxh3) {
      return Status::DataLoss("snapshot file " + path + " fails its checksum");
    }
  }
  return Status::Ok();
}

Status CopySnapshotContent(const std::string& from, const std::string& to,
                           const SnapshotContent& content) {
  for (const std::string& folder : content.folders) {
    SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(to + "/" + folder));
  }
  std::set<std::string> changed;
  for (const SnapshotFile& file : content.files) {
    const std::string source = from + "/" + file.path;
    const std::string target = to + "/" + file.path;
    SAGITTA_RETURN_IF_ERROR(NeverChanges(file.path) ? base::LinkOrCopyFile(source, target)
                                                    : CopyFile(source, target));
    changed.insert(target.substr(0, target.rfind('/')));
  }
  for (const std::string& folder : changed) SAGITTA_RETURN_IF_ERROR(base::SyncDirectory(folder));
  return Status::Ok();
}

}  // namespace sagitta::database
