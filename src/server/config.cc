#include "server/config.h"

#include <toml++/toml.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "server/units.h"

namespace sagitta::server {
namespace {

Status UnknownKey(const std::string& where, std::string_view key) {
  std::string message = "\"" + std::string(key) + "\" is not a setting";
  const std::string_view nearest = NearestKey(key);
  if (!nearest.empty()) message += "; did you mean \"" + std::string(nearest) + "\"?";
  return Status::InvalidArgument(where, message);
}

std::string Where(const std::string& path, const toml::node& node) {
  return path + ":" + std::to_string(node.source().begin.line);
}

Result<std::string> TomlText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return Status::InvalidArgument("", "must be a string, a whole number, true or false");
}

Status ApplyToml(const toml::table& table, const std::string& prefix, const std::string& path,
                 ServerConfig* config) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const bool is_section = std::ranges::any_of(ConfigKeys(), [&](const ConfigKey& candidate) {
      return candidate.key.starts_with(key + ".");
    });
    if (is_section && node.is_table()) {
      SAGITTA_RETURN_IF_ERROR(ApplyToml(*node.as_table(), key + ".", path, config));
      continue;
    }
    const auto found = std::ranges::find(ConfigKeys(), key, &ConfigKey::key);
    if (found == ConfigKeys().end()) return UnknownKey(Where(path, node), key);
    auto text = TomlText(node);
    const Status status = text.ok() ? found->set(*config, *text) : text.status();
    if (!status.ok()) {
      return Status::InvalidArgument(Where(path, node), key + ": " + status.message());
    }
  }
  return Status::Ok();
}

Status LoadToml(const std::string& path, ServerConfig* config) {
  SAGITTA_ASSIGN_OR_RETURN(std::string text, base::ReadFile(path));
  try {
    const toml::table table = toml::parse(text, path);
    return ApplyToml(table, "", path, config);
  } catch (const toml::parse_error& error) {
    return Status::InvalidArgument(path + ":" + std::to_string(error.source().begin.line),
                                   std::string(error.description()));
  }
}

Status LoadEnvironment(const Settings& environment, ServerConfig* config) {
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string name = key.EnvName();
    for (const auto& [variable, value] : environment) {
      if (variable != name) continue;
      const Status status = key.set(*config, value);
      if (!status.ok()) return Status::InvalidArgument(name, status.message());
    }
  }
  return Status::Ok();
}

Status CheckRange(std::string_view key, uint64_t value, uint64_t low, uint64_t high,
                  std::string_view allowed) {
  if (value >= low && value <= high) return Status::Ok();
  return Status::InvalidArgument(std::string(key),
                                 "is out of range, allowed are " + std::string(allowed));
}

Status CheckListen(const ServerConfig& config) {
  auto listen = ParseHostPort(config.listen);
  if (!listen.ok()) return Status::InvalidArgument("server.listen", listen.status().message());
  const bool has_keys = !config.auth_keys_file.empty() || !config.auth_keys.empty();
  if (!listen->is_loopback()) {
    if (!has_keys) {
      return Status::InvalidArgument(
          "server.listen", "\"" + config.listen +
                               "\" is beyond loopback and there is no authentication; set "
                               "auth.keys_file, or listen on 127.0.0.1");
    }
    if (config.tls_cert_file.empty() && !config.allow_plaintext) {
      return Status::InvalidArgument(
          "server.listen", "\"" + config.listen +
                               "\" is beyond loopback and there is no TLS; set tls.cert_file and "
                               "tls.key_file, or server.allow_plaintext = true where something "
                               "else encrypts");
    }
  }
  if (config.http_listen.empty()) return Status::Ok();
  auto http = ParseHostPort(config.http_listen);
  if (!http.ok()) return Status::InvalidArgument("http.listen", http.status().message());
  if (!http->is_loopback() && !has_keys) {
    return Status::InvalidArgument("http.listen",
                                   "\"" + config.http_listen +
                                       "\" is beyond loopback and there is no authentication; set "
                                       "auth.keys_file, or listen on 127.0.0.1");
  }
  return Status::Ok();
}

}  // namespace

Status ServerConfig::Validate() const {
  if (data_dir.empty()) return Status::InvalidArgument("data_dir", "must not be empty");
  SAGITTA_RETURN_IF_ERROR(CheckListen(*this));
  constexpr uint64_t kGiB = 1ull << 30;
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.grace", grace.count(), 0, 600000, "0–10m"));
  SAGITTA_RETURN_IF_ERROR(
      CheckRange("server.default_deadline", default_deadline.count(), 1, 3600000, "1ms–1h"));
  SAGITTA_RETURN_IF_ERROR(
      CheckRange("server.max_receive", max_receive, 64 << 10, kGiB, "64KiB–1GiB"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.max_send", max_send, 64 << 10, kGiB, "64KiB–1GiB"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.max_in_flight", max_in_flight, max_receive, ~0ull,
                                     "server.max_receive and more"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.max_streams", max_streams, 1, 100000, "1–100,000"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.queue_limit", queue_limit, 1, 1000000, "1–1,000,000"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.query_threads", query_threads, 0, 1024, "0–1,024"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("server.write_threads", write_threads, 0, 1024, "0–1,024"));
  SAGITTA_RETURN_IF_ERROR(CheckRange("engine.search_threads", search_threads, 0, 1024, "0–1,024"));
  SAGITTA_RETURN_IF_ERROR(
      CheckRange("engine.compaction_threads", compaction_threads, 0, 1024, "0–1,024"));
  if (!auth_keys.empty() && !auth_keys_file.empty()) {
    return Status::InvalidArgument("auth.keys", "and auth.keys_file are both set, only one may be");
  }
  if (tls_cert_file.empty() != tls_key_file.empty()) {
    return Status::InvalidArgument("tls.cert_file", "and tls.key_file need each other");
  }
  if (!tls_client_ca_file.empty() && tls_cert_file.empty()) {
    return Status::InvalidArgument("tls.client_ca_file", "needs tls.cert_file");
  }
  if (log_format != "text" && log_format != "json") {
    return Status::InvalidArgument("log.format",
                                   "is \"" + log_format + "\", allowed are text and json");
  }
  constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::ranges::find(kLevels, log_level) == std::end(kLevels)) {
    return Status::InvalidArgument("log.level", "is \"" + log_level +
                                                    "\", allowed are trace, debug, info, warn, "
                                                    "error, off");
  }
  return Status::Ok();
}

Result<ServerConfig> LoadConfig(const std::string& toml_path, const Settings& environment,
                                const Settings& flags) {
  ServerConfig config;
  if (!toml_path.empty()) SAGITTA_RETURN_IF_ERROR(LoadToml(toml_path, &config));
  SAGITTA_RETURN_IF_ERROR(LoadEnvironment(environment, &config));
  for (const auto& [flag, value] : flags) {
    const auto found = std::ranges::find(ConfigKeys(), flag, &ConfigKey::flag);
    if (found == ConfigKeys().end()) return UnknownKey("--" + flag, flag);
    const Status status = found->set(config, value);
    if (!status.ok()) return Status::InvalidArgument("--" + flag, status.message());
  }
  return config;
}

std::string PrintConfig(const ServerConfig& config) {
  std::string out;
  std::string section;
  for (const ConfigKey& key : ConfigKeys()) {
    const size_t dot = key.key.find('.');
    const std::string own(dot == std::string_view::npos ? "" : key.key.substr(0, dot));
    if (own != section) out.append("\n[").append(own).append("]\n");
    section = own;
    std::string value = key.get(config);
    if (key.secret && !value.empty()) value = "***";
    const bool bare = value == "true" || value == "false";
    out += "# " + std::string(key.help) + "\n";
    out += std::string(key.key.substr(dot == std::string_view::npos ? 0 : dot + 1)) + " = ";
    if (bare) {
      out += value + "\n";
    } else {
      std::string quoted;
      for (char c : value) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
      }
      out.append("\"").append(quoted).append("\"\n");
    }
  }
  return out;
}

}  // namespace sagitta::server
