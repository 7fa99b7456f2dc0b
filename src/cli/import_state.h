// ImportState: how far an import came, kept in a small JSON file so that `import --resume` goes on
// there.
//
// It is written once a second and removed when the import is complete. It names its input (path,
// size, time of change) and its target; a file that names others is not used. Thread-compatible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sagitta/status.h"

namespace sagitta::cli {

struct ImportState {
  std::string input;  // absolute
  uint64_t size = 0;
  int64_t modified_ns = 0;
  std::string address;
  std::string collection;
  std::string field;
  uint64_t rows = 0;  // acknowledged, from the first one on without a gap

  // Of the file as it is now, rows 0. NOT_FOUND when it is not there.
  static Result<ImportState> Of(const std::string& input);

  // Where it is kept by default: $XDG_STATE_HOME, or ~/.local/state, /sagitta/import-<hash>.json.
  // Empty when there is no home.
  std::string DefaultPath() const;

  Status Save(const std::string& path) const;
  // The rows of the state in `path` when it is of this very import, else nothing.
  std::optional<uint64_t> LoadRows(const std::string& path) const;
};

}  // namespace sagitta::cli
