// Server: sagittad without its command line: the gRPC and HTTP ports, the database behind them, and
// their life from listening to draining. Thread-safe.
//
// Both ports listen as soon as Start() returns; calls get UNAVAILABLE, health NOT_SERVING and
// /readyz 503 until OpenDatabase() has returned.
#pragma once

#include <grpcpp/server.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "sagitta/database.h"
#include "sagitta/status.h"
#include "server/config.h"
#include "server/http_server.h"
#include "server/service_state.h"

namespace sagitta::server {

class Server {
 public:
  // REQUIRES: config.Validate() is OK.
  static Result<std::unique_ptr<Server>> Start(const ServerConfig& config);
  // Drains for config.grace if Stop() was not called.
  ~Server();

  // Opens the data directory and starts to serve; then writes config.port_file.
  Status OpenDatabase();

  // Not serving any more: lets running calls end for `grace`, cancels the rest, closes the
  // database. Idempotent.
  void Stop(std::chrono::milliseconds grace);

  // Reads the keys again; the old ones stay when the new ones are bad.
  Status ReloadKeys();

  uint16_t grpc_port() const { return grpc_port_; }
  uint16_t http_port() const { return http_ == nullptr ? 0 : http_->port(); }

 private:
  Server(const ServerConfig& config, ApiKeys keys);
  Status Listen();
  Status ListenHttp();
  void SetServing(bool serving);
  std::string NotReadyReason() const;
  Status WritePortFile() const;

  const ServerConfig config_;
  ServiceState state_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> grpc_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Database> database_;
  std::atomic<bool> draining_{false};
  bool stopped_ = false;
  uint16_t grpc_port_ = 0;
};

// config.auth_keys or config.auth_keys_file; everything is allowed where neither is set.
Result<ApiKeys> LoadKeys(const ServerConfig& config);

}  // namespace sagitta::server
