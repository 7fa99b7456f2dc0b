#include "cli/import_state.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/checksum.h"
#include "base/file.h"
#include "cli/json_text.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

json ToJson(const ImportState& s) {
  return {{"input", s.input},
          {"size", s.size},
          {"modified_ns", s.modified_ns},
          {"address", s.address},
          {"collection", s.collection},
          {"field", s.field}};
}

}  // namespace

Result<ImportState> ImportState::Of(const std::string& input) {
  struct stat info {};
  if (stat(input.c_str(), &info) != 0) {
    return Status::NotFound(input + ": " + std::strerror(errno));
  }
  std::error_code error;
  ImportState state;
  state.input = std::filesystem::absolute(input, error).string();
  state.size = static_cast<uint64_t>(info.st_size);
  state.modified_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return state;
}

std::string ImportState::DefaultPath() const {
  std::string folder;
  if (const char* xdg = std::getenv("XDG_STATE_HOME"); xdg != nullptr && *xdg == '/') {
    folder = xdg;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    folder = std::string(home) + "/.local/state";
  } else {
    return {};
  }
  const std::string key = input + '\n' + address + '\n' + collection + '\n' + field;
  char name[48];
  std::snprintf(name, sizeof(name), "/sagitta/import-%016llx.json",
                static_cast<unsigned long long>(base::Xxh3(key.data(), key.size())));
  return folder + name;
}

Status ImportState::Save(const std::string& path) const {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty()) SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(folder));
  json document = ToJson(*this);
  document["rows"] = rows;
  return base::WriteFileAtomically(path, DumpJson(document, 2) + "\n");
}

std::optional<uint64_t> ImportState::LoadRows(const std::string& path) const {
  const auto text = base::ReadFile(path);
  if (!text.ok()) return std::nullopt;
  auto document = ParseJson(*text, path);
  if (!document.ok() || !document->is_object()) return std::nullopt;
  const json saved = document->value("rows", json());
  document->erase("rows");
  if (!saved.is_number_unsigned() || *document != ToJson(*this)) return std::nullopt;
  return saved.get<uint64_t>();
}

}  // namespace sagitta::cli
