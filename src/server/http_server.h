// HttpServer: /metrics, /healthz and /readyz on their own port. Thread-safe.
//
// /healthz says 200 as long as the process answers; /readyz 200 once the database is open and until
// shutdown begins, else 503 with the reason. /metrics needs an API key with scope read when the
// port is beyond loopback and keys are set; the other two never do.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sagitta/status.h"
#include "server/units.h"

namespace sagitta::server {

class HttpServer {
 public:
  struct Handlers {
    std::function<std::string()> metrics;
    std::function<std::string()> not_ready;  // the reason; empty when ready
    std::function<bool(const std::string& key)> may_read_metrics;
  };

  // Port 0 takes a free one. UNAVAILABLE when the address cannot be had.
  static Result<std::unique_ptr<HttpServer>> Start(const HostPort& address, Handlers handlers);
  ~HttpServer();  // stops and waits for running requests

  uint16_t port() const { return port_; }

 private:
  struct Impl;
  HttpServer(std::unique_ptr<Impl> impl, uint16_t port);
  std::unique_ptr<Impl> impl_;
  uint16_t port_;
};

}  // namespace sagitta::server
