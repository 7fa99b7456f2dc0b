// The table of settings.
#include <algorithm>
#include <array>
#include <numeric>

#include "server/config.h"
#include "server/units.h"

namespace sagitta::server {
namespace {

using Ms = std::chrono::milliseconds;

Status Parse(std::string_view text, std::string* out) {
  out->assign(text);
  return Status::Ok();
}
Status Parse(std::string_view text, uint64_t* out) {
  SAGITTA_ASSIGN_OR_RETURN(*out, ParseBytes(text));
  return Status::Ok();
}
Status Parse(std::string_view text, uint32_t* out) {
  SAGITTA_ASSIGN_OR_RETURN(*out, ParseCount(text));
  return Status::Ok();
}
Status Parse(std::string_view text, bool* out) {
  SAGITTA_ASSIGN_OR_RETURN(*out, ParseBool(text));
  return Status::Ok();
}
Status Parse(std::string_view text, Ms* out) {
  SAGITTA_ASSIGN_OR_RETURN(*out, ParseDuration(text));
  return Status::Ok();
}

std::string Format(const std::string& value) { return value; }
std::string Format(uint64_t value) { return FormatBytes(value); }
std::string Format(uint32_t value) { return std::to_string(value); }
std::string Format(bool value) { return value ? "true" : "false"; }
std::string Format(Ms value) { return FormatDuration(value); }

template <auto member>
constexpr ConfigKey Key(std::string_view key, std::string_view flag, std::string_view help,
                        bool secret = false) {
  return {
      key,
      flag,
      help,
      secret,
      [](ServerConfig& config, std::string_view text) { return Parse(text, &(config.*member)); },
      [](const ServerConfig& config) { return Format(config.*member); }};
}

using C = ServerConfig;
constexpr std::array kKeys = {
    Key<&C::data_dir>("data_dir", "data-dir",
                      "Data directory; made when absent [/var/lib/sagitta]"),
    Key<&C::listen>("server.listen", "listen",
                    "host:port of gRPC; port 0 takes a free one [127.0.0.1:6980]"),
    Key<&C::port_file>("server.port_file", "port-file",
                       "File to write {\"grpc\",\"http\",\"pid\"} to once serving [none]"),
    Key<&C::reflection>("server.reflection", "reflection", "gRPC reflection on loopback [true]"),
    Key<&C::public_reflection>("server.public_reflection", "public-reflection",
                               "gRPC reflection on other addresses too [false]"),
    Key<&C::allow_plaintext>("server.allow_plaintext", "allow-plaintext",
                             "Allow an address beyond loopback without TLS [false]"),
    Key<&C::grace>("server.grace", "grace", "Time that running calls get at shutdown, 0–10m [10s]"),
    Key<&C::default_deadline>("server.default_deadline", "default-deadline",
                              "Deadline of a call that has none, 1ms–1h [30s]"),
    Key<&C::max_receive>("server.max_receive", "max-receive",
                         "Largest request, 64KiB–1GiB [16MiB]"),
    Key<&C::max_send>("server.max_send", "max-send", "Largest response, 64KiB–1GiB [64MiB]"),
    Key<&C::max_in_flight>("server.max_in_flight", "max-in-flight",
                           "Requests' bytes that wait or run, all together; at least max_receive "
                           "[512MiB]"),
    Key<&C::max_streams>("server.max_streams", "max-streams",
                         "Calls at once per connection, 1–100,000 [256]"),
    Key<&C::query_threads>("server.query_threads", "query-threads",
                           "Threads that answer reads, at most 1,024; 0 = two per core [0]"),
    Key<&C::write_threads>("server.write_threads", "write-threads",
                           "Threads that wait for writes, at most 1,024; 0 = 16 [0]"),
    Key<&C::queue_limit>("server.queue_limit", "queue-limit",
                         "Calls that wait for a thread, per kind, 1–1,000,000 [1024]"),
    Key<&C::http_listen>("http.listen", "http-listen",
                         "host:port of /metrics, /healthz and /readyz; empty = off "
                         "[127.0.0.1:6981]"),
    Key<&C::auth_keys_file>("auth.keys_file", "auth-keys-file",
                            "File of API keys; empty = no authentication [none]"),
    Key<&C::auth_keys>("auth.keys", "auth-keys",
                       "Its content instead of a file, lines parted by ';' [none]", true),
    Key<&C::tls_cert_file>("tls.cert_file", "tls-cert-file", "PEM certificate chain [none]"),
    Key<&C::tls_key_file>("tls.key_file", "tls-key-file", "PEM private key [none]"),
    Key<&C::tls_client_ca_file>("tls.client_ca_file", "tls-client-ca-file",
                                "PEM roots that clients' certificates must have [none]"),
    Key<&C::log_level>("log.level", "log-level", "trace, debug, info, warn, error or off [info]"),
    Key<&C::log_format>("log.format", "log-format", "text or json [text]"),
    Key<&C::search_threads>("engine.search_threads", "search-threads",
                            "Threads of one another's searches, at most 1,024; 0 = cores [0]"),
    Key<&C::compaction_threads>(
        "engine.compaction_threads", "compaction-threads",
        "Threads of the compactor, at most 1,024; 0 = cores, at most 4 [0]"),
    Key<&C::memory_limit>("engine.memory_limit", "memory-limit",
                          "Mutable segments and caches; 0 = 80 % of the machine's or control "
                          "group's [0]"),
    Key<&C::min_free_disk>("engine.min_free_disk", "min-free-disk",
                           "Writes are refused below this [256MiB]"),
    Key<&C::compaction_paused>("engine.compaction_paused", "compaction-paused",
                               "Start with the compactor paused [false]"),
};

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row.back();
}

}  // namespace

std::string ConfigKey::EnvName() const {
  std::string name = "SAGITTA_";
  for (char c : flag) name.push_back(c == '-' ? '_' : static_cast<char>(c - 'a' + 'A'));
  return name;
}

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

std::string_view NearestKey(std::string_view key) {
  std::string_view nearest;
  // Over half of the letters wrong is no typing error.
  size_t best = std::max<size_t>(2, key.size() / 2);
  for (const ConfigKey& candidate : kKeys) {
    // A setting put into the wrong section, or into none, is near too.
    const std::string_view last = candidate.key.substr(candidate.key.rfind('.') + 1);
    const size_t distance = std::min(EditDistance(key, candidate.key),
                                     EditDistance(key.substr(key.rfind('.') + 1), last) + 1);
    if (distance < best) {
      best = distance;
      nearest = candidate.key;
    }
  }
  return nearest;
}

}  // namespace sagitta::server
