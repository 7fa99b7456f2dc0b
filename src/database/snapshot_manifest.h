// SnapshotManifest: SNAPSHOT.json, which says what a snapshot holds and what each of its files must
// be. It comes from a folder that anybody may have copied about: everything in it is checked before
// it is followed. Thread-compatible value type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/admin.h"
#include "sagitta/schema.h"

namespace sagitta::database {

struct SnapshotFile {
  std::string path;  // below the snapshot's folder, "shard-0000/db/000011.sst"
  uint64_t bytes = 0;
  uint64_t xxh3 = 0;  // of its content
};

struct SnapshotContent {
  std::vector<std::string> folders;  // below the snapshot's folder, parents first; empty ones too
  std::vector<SnapshotFile> files;
};

struct SnapshotManifest {
  static constexpr uint32_t kFormat = 1;
  static constexpr const char* kFileName = "SNAPSHOT.json";

  std::string id;
  CollectionSchema schema;  // with the collection's name
  int64_t created_ms = 0;
  uint64_t points = 0;
  uint64_t seq = 0;
  SnapshotContent content;

  SnapshotInfo Info() const;
  // JSON with a checksum of itself, over its members other than "checksum".
  std::string ToJson() const;
  // `file` is what errors name. DATA_LOSS when it is damaged, holds a path that leads out of the
  // snapshot, or has another id; FAILED_PRECONDITION when a newer version wrote it.
  static Result<SnapshotManifest> FromJson(std::string_view json, const std::string& file,
                                           const std::string& id);
};

// Relative, of plain names, a shard's folder or below one.
bool IsSnapshotPath(std::string_view path);

}  // namespace sagitta::database
