// ApiKeys: who may call. Immutable once made, thread-safe.
//
// A key is `sgk_<id>_<secret>`: id 1–32 of [a-z0-9-], secret 32–128 of [A-Za-z0-9]. Kept is only
// the SHA-256 of the secret: secrets are long and random, so nothing slower is needed. The keys
// file has one key a line,
//
//   <id> <scopes, by comma: read,write,admin> sha256:<64 hex digits>
//
// with '#' comments; it must not be readable by others. `admin` includes the other two scopes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "sagitta/status.h"
#include "server/methods.h"

namespace sagitta::server {

class ApiKeys {
 public:
  // No keys: every call is allowed.
  static ApiKeys AllowAll() { return ApiKeys(); }
  // INVALID_ARGUMENT naming the line. At least one key is needed.
  static Result<ApiKeys> Parse(std::string_view text);
  // PERMISSION_DENIED when others may read the file.
  static Result<ApiKeys> Load(const std::string& path);

  bool required() const { return required_; }

  // Of a call that carries `key` (empty = none). UNAUTHENTICATED or PERMISSION_DENIED; takes the
  // same time whether the id exists or not, and wherever the secret differs.
  Status Authorize(std::string_view key, Scope scope) const;

  // A new key, and the line for the keys file.
  struct Generated {
    std::string key;
    std::string line;
  };
  static Result<Generated> Generate(std::string_view id, std::string_view scopes);

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Entry {
    uint8_t scopes = 0;
    Digest digest{};
  };
  bool required_ = false;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sagitta::server
