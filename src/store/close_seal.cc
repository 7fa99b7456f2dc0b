#include "store/close_seal.h"

#include <string_view>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/file.h"
#include "base/log.h"

namespace sagitta::store {
namespace {

constexpr std::string_view kSealName = "/CLOSED";
constexpr std::string_view kMagic = "SGTCLOSE";
constexpr uint32_t kSealVersion = 1;

struct Seal {
  uint64_t last_sequence = 0;
  std::string manifest;  // as CURRENT names it, with its newline
  uint64_t manifest_bytes = 0;
  uint32_t manifest_crc = 0;
};

std::string EncodeSeal(const Seal& seal) {
  std::string out(kMagic);
  base::PutLe(out, kSealVersion);
  base::PutLe(out, seal.last_sequence);
  base::PutBytes(out, seal.manifest);
  base::PutLe(out, seal.manifest_bytes);
  base::PutLe(out, seal.manifest_crc);
  base::PutLe(out, base::Crc32c(out));
  return out;
}

bool DecodeSeal(std::string_view in, Seal* seal) {
  if (in.size() < kMagic.size() + 4) return false;
  std::string_view tail = in.substr(in.size() - 4);
  uint32_t crc = 0;
  base::GetLe(tail, &crc);
  in.remove_suffix(4);
  if (crc != base::Crc32c(in) || !in.starts_with(kMagic)) return false;
  in.remove_prefix(kMagic.size());
  uint32_t version = 0;
  std::string_view manifest;
  if (!base::GetLe(in, &version) || version != kSealVersion ||
      !base::GetLe(in, &seal->last_sequence) || !base::GetBytes(in, &manifest) ||
      !base::GetLe(in, &seal->manifest_bytes) || !base::GetLe(in, &seal->manifest_crc)) {
    return false;
  }
  seal->manifest = manifest;
  return true;
}

// The file that CURRENT names; "" when that is no plain name.
std::string ManifestPath(const std::string& path, std::string_view current) {
  if (!current.starts_with("MANIFEST-") || current.find('/') != std::string_view::npos) return "";
  if (current.ends_with('\n')) current.remove_suffix(1);
  return path + "/" + std::string(current);
}

Status CheckManifest(const std::string& path, const Seal& seal) {
  const std::string manifest_path = ManifestPath(path, seal.manifest);
  Result<std::string> manifest = base::ReadFile(manifest_path);
  if (!manifest.ok()) return Status::DataLoss(manifest.status().message());
  if (manifest->size() < seal.manifest_bytes) {
    return Status::DataLoss(manifest_path + " has " + std::to_string(manifest->size()) +
                            " bytes; it had " + std::to_string(seal.manifest_bytes) +
                            " when the database was closed");
  }
  if (base::Crc32c(manifest->data(), seal.manifest_bytes) != seal.manifest_crc) {
    return Status::DataLoss(manifest_path + ": checksum mismatch");
  }
  return Status::Ok();
}

Status CheckCurrentIsThere(const std::string& path) {
  SAGITTA_ASSIGN_OR_RETURN(auto names, base::ListDirectory(path));
  for (const std::string& name : names) {
    if (name.ends_with(".sst") || name.ends_with(".blob") || name.ends_with(".log")) {
      return Status::DataLoss(path + "/CURRENT is missing, but " + name + " is there");
    }
  }
  return Status::Ok();
}

}  // namespace

Status WriteCloseSeal(const std::string& path, uint64_t last_sequence) {
  Seal seal;
  seal.last_sequence = last_sequence;
  SAGITTA_ASSIGN_OR_RETURN(seal.manifest, base::ReadFile(path + "/CURRENT"));
  const std::string manifest_path = ManifestPath(path, seal.manifest);
  if (manifest_path.empty()) return Status::DataLoss(path + "/CURRENT: '" + seal.manifest + "'");
  SAGITTA_ASSIGN_OR_RETURN(std::string manifest, base::ReadFile(manifest_path));
  seal.manifest_bytes = manifest.size();
  seal.manifest_crc = base::Crc32c(manifest);
  return base::WriteFileAtomically(path + std::string(kSealName), EncodeSeal(seal));
}

Result<uint64_t> CheckBeforeOpen(const std::string& path) {
  if (!base::FileExists(path)) return uint64_t{0};
  if (!base::FileExists(path + "/CURRENT")) {
    SAGITTA_RETURN_IF_ERROR(CheckCurrentIsThere(path));
    return uint64_t{0};
  }
  const std::string seal_path = path + std::string(kSealName);
  if (!base::FileExists(seal_path)) return uint64_t{0};
  SAGITTA_ASSIGN_OR_RETURN(std::string content, base::ReadFile(seal_path));
  Seal seal;
  if (!DecodeSeal(content, &seal)) {
    // What it guards may well be sound: the database's own checks go on without it.
    base::LogWarn("{} is damaged and was ignored", seal_path);
    return uint64_t{0};
  }
  SAGITTA_ASSIGN_OR_RETURN(std::string current, base::ReadFile(path + "/CURRENT"));
  if (current == seal.manifest) SAGITTA_RETURN_IF_ERROR(CheckManifest(path, seal));
  return seal.last_sequence;
}

}  // namespace sagitta::store
