// The files of a snapshot: listed and hashed when it is made, checked and copied when it is
// restored. Thread-safe, as long as nobody else changes the folders.
#pragma once

#include <string>
#include <vector>

#include "database/snapshot_manifest.h"

namespace sagitta::database {

// All files below `folder`, by path, with their sizes and hashes; every directory on the way is
// fsynced.
Result<std::vector<SnapshotFile>> ListSnapshotFiles(const std::string& folder);

// DATA_LOSS naming the first file that is missing, is no plain file, or has another size or
// content.
Status CheckSnapshotFiles(const std::string& folder, const std::vector<SnapshotFile>& files);

// Copies the files from one folder to another, which must not have them; hard links take the place
// of copies where nothing ever changes a file once it is written. Durable when it returns.
Status CopySnapshotFiles(const std::string& from, const std::string& to,
                         const std::vector<SnapshotFile>& files);

}  // namespace sagitta::database
