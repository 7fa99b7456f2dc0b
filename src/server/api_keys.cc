#include "server/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"

namespace sagitta::server {
namespace {

constexpr std::string_view kPrefix = "sgk_";
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr size_t kMaxIdBytes = 32;
constexpr size_t kMinSecretBytes = 32;
constexpr size_t kMaxSecretBytes = 128;

std::array<uint8_t, 32> Sha256(std::string_view text) {
  std::array<uint8_t, 32> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

bool ValidId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string_view NextWord(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const size_t end = std::min(line.find_first_of(kBlank), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

Result<uint8_t> ParseScopes(std::string_view text) {
  uint8_t scopes = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    uint8_t bit = 0;
    for (Scope scope : {Scope::kRead, Scope::kWrite, Scope::kAdmin}) {
      if (name == ScopeName(scope)) bit = static_cast<uint8_t>(scope);
    }
    if (bit == 0) {
      return Status::InvalidArgument("scopes",
                                     "\"" + std::string(name) + "\" is none of read, write, admin");
    }
    scopes |= bit;
  }
  if (scopes == 0) return Status::InvalidArgument("scopes", "at least one scope is needed");
  if (scopes & static_cast<uint8_t>(Scope::kAdmin)) scopes = 7;
  return scopes;
}

bool ParseHex(std::string_view text, std::array<uint8_t, 32>* out) {
  if (text.size() != 64) return false;
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  for (size_t i = 0; i < 32; ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    (*out)[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

std::string ToHex(const std::array<uint8_t, 32>& bytes) {
  std::string out;
  for (uint8_t byte : bytes) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

}  // namespace

Result<ApiKeys> ApiKeys::Parse(std::string_view text) {
  ApiKeys keys;
  keys.required_ = true;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find_first_of("\n;"), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view id = NextWord(line), scopes = NextWord(line), digest = NextWord(line);
    if (id.empty()) continue;
    const std::string where = "line " + std::to_string(number);
    Entry entry;
    if (!ValidId(id)) {
      return Status::InvalidArgument(where, "the key's id must be 1–32 of a–z, 0–9 and '-'");
    }
    auto parsed = ParseScopes(scopes);
    if (!parsed.ok()) return Status::InvalidArgument(where, parsed.status().message());
    entry.scopes = *parsed;
    if (!digest.starts_with(kDigestPrefix) ||
        !ParseHex(digest.substr(kDigestPrefix.size()), &entry.digest) || !NextWord(line).empty()) {
      return Status::InvalidArgument(where, "expected: <id> <scopes> sha256:<64 hex digits>");
    }
    if (!keys.entries_.emplace(id, entry).second) {
      return Status::InvalidArgument(where, "the id \"" + std::string(id) + "\" is there twice");
    }
  }
  if (keys.entries_.empty()) return Status::InvalidArgument("", "there is no key");
  return keys;
}

Result<ApiKeys> ApiKeys::Load(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    return Status(StatusCode::kPermissionDenied,
                  path + ": others may read this keys file; chmod 600 it");
  }
  SAGITTA_ASSIGN_OR_RETURN(std::string text, base::ReadFile(path));
  auto keys = Parse(text);
  if (!keys.ok()) return Status::InvalidArgument(path, keys.status().ToString());
  return keys;
}

Status ApiKeys::Authorize(std::string_view key, Scope scope) const {
  if (!required_) return Status::Ok();
  if (key.empty()) {
    return Status(StatusCode::kUnauthenticated,
                  "an API key is needed, in metadata \"authorization: Bearer sgk_…\" or "
                  "\"x-api-key: sgk_…\"");
  }
  // Secrets have no '_', ids neither, so the last one divides them.
  const size_t split = key.rfind('_');
  const bool formed = key.starts_with(kPrefix) && split >= kPrefix.size() &&
                      key.size() - split - 1 <= kMaxSecretBytes;
  const std::string_view id = formed ? key.substr(kPrefix.size(), split - kPrefix.size()) : "";
  const std::string_view secret = formed ? key.substr(split + 1) : "";
  static const Entry kNobody;
  const auto found = entries_.find(id);
  const Entry& entry = found == entries_.end() ? kNobody : found->second;
  const Digest digest = Sha256(secret);
  const bool same = CRYPTO_memcmp(digest.data(), entry.digest.data(), digest.size()) == 0;
  if (!same || entry.scopes == 0) {
    return Status(StatusCode::kUnauthenticated, "the API key is not valid");
  }
  if ((entry.scopes & static_cast<uint8_t>(scope)) == 0) {
    return Status(StatusCode::kPermissionDenied,
                  "the API key has no scope \"" + std::string(ScopeName(scope)) + "\"");
  }
  return Status::Ok();
}

Result<ApiKeys::Generated> ApiKeys::Generate(std::string_view id, std::string_view scopes) {
  if (!ValidId(id)) {
    return Status::InvalidArgument("id", "must be 1–32 of a–z, 0–9 and '-'");
  }
  SAGITTA_RETURN_IF_ERROR(ParseScopes(scopes).status());
  constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string secret;
  while (secret.size() < kMinSecretBytes) {
    unsigned char byte;
    if (RAND_bytes(&byte, 1) != 1) return Status::Internal("no random bytes from OpenSSL");
    // 248 = 4 × 62: larger bytes would make the first letters likelier.
    if (byte < 248) secret.push_back(kAlphabet[byte % kAlphabet.size()]);
  }
  Generated out;
  out.key = std::string(kPrefix).append(id).append("_").append(secret);
  out.line = std::string(id).append(" ").append(scopes).append(" ").append(kDigestPrefix);
  out.line += ToHex(Sha256(secret));
  return out;
}

}  // namespace sagitta::server
