// ServerConfig: all settings of sagittad, and where they come from: built-in defaults < a TOML file
// < SAGITTA_* environment < flags. Thread-compatible value type.
//
// Each setting has one entry in the table of config_keys.cc: `server.max_receive` in TOML is the
// flag
// --max-receive and the variable SAGITTA_MAX_RECEIVE.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sagitta/status.h"

namespace sagitta::server {

struct ServerConfig {
  std::string data_dir = "/var/lib/sagitta";

  std::string listen = "127.0.0.1:6980";  // gRPC; port 0 = a free one
  std::string http_listen = "127.0.0.1:6981";
  std::string port_file;
  bool reflection = true;          // on loopback
  bool public_reflection = false;  // elsewhere too
  bool allow_plaintext = false;    // a public bind without TLS
  std::chrono::milliseconds grace{10000};
  std::chrono::milliseconds default_deadline{30000};
  uint64_t max_receive = 16ull << 20;
  uint64_t max_send = 64ull << 20;
  uint64_t max_in_flight = 512ull << 20;
  uint32_t max_streams = 256;
  uint32_t query_threads = 0;
  uint32_t write_threads = 0;
  uint32_t queue_limit = 1024;

  std::string auth_keys_file;
  std::string auth_keys;  // the file's content, lines parted by ';'

  std::string tls_cert_file;
  std::string tls_key_file;
  std::string tls_client_ca_file;

  std::string log_level = "info";
  std::string log_format = "text";

  uint32_t search_threads = 0;
  uint32_t compaction_threads = 0;
  uint64_t memory_limit = 0;
  uint64_t min_free_disk = 256ull << 20;
  bool compaction_paused = false;

  // INVALID_ARGUMENT naming the setting: out of range, or settings that do not go together, such as
  // a public bind without keys.
  Status Validate() const;
};

// One setting.
struct ConfigKey {
  std::string_view key;   // "server.listen"
  std::string_view flag;  // "listen"
  std::string_view help;  // unit, range, default
  bool secret;
  Status (*set)(ServerConfig&, std::string_view text);
  std::string (*get)(const ServerConfig&);

  std::string EnvName() const;  // "SAGITTA_LISTEN"
};
std::span<const ConfigKey> ConfigKeys();

// The key that is spelled most alike; empty when none is near.
std::string_view NearestKey(std::string_view key);

using Settings = std::vector<std::pair<std::string, std::string>>;  // name, value

// `toml_path` may be empty. `environment` are all variables, by name; `flags` by flag name without
// "--". INVALID_ARGUMENT names the file with line, variable or flag; does not call Validate().
Result<ServerConfig> LoadConfig(const std::string& toml_path, const Settings& environment,
                                const Settings& flags);

// All settings as TOML that gives the same configuration, secrets masked.
std::string PrintConfig(const ServerConfig& config);

}  // namespace sagitta::server
