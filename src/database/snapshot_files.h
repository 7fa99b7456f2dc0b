// What a snapshot consists of: listed and hashed when it is made, checked and copied when it is
// restored. Thread-safe, as long as nobody else changes the folders.
#pragma once

#include <string>

#include "database/snapshot_manifest.h"

namespace sagitta::database {

// All that is below `root`, files with their sizes and hashes; every folder on the way is fsynced.
Result<SnapshotContent> ListSnapshotContent(const std::string& root);

// DATA_LOSS naming the first file that is missing, is no plain file, or has another size or
// content.
Status CheckSnapshotContent(const std::string& root, const SnapshotContent& content);

// Copies it from one root to another, which must not have any of it; hard links take the place of
// copies where nothing ever changes a file once it is written. Durable when it returns.
Status CopySnapshotContent(const std::string& from, const std::string& to,
                           const SnapshotContent& content);

}  // namespace sagitta::database
