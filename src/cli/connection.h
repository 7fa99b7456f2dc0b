// Connection: the server's services, with the address, key, TLS and deadline of the command line.
// Thread-safe: stubs may be called from several threads.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "cli/outcome.h"
#include "sagitta/v1/admin.grpc.pb.h"
#include "sagitta/v1/collections.grpc.pb.h"
#include "sagitta/v1/models.grpc.pb.h"
#include "sagitta/v1/points.grpc.pb.h"
#include "sagitta/v1/query.grpc.pb.h"

namespace sagitta::cli {

struct ConnectionOptions {
  std::string address = "127.0.0.1:6980";
  std::string api_key;
  std::string api_key_file;
  bool tls = false;           // with the system's root certificates
  std::string tls_ca_file;    // PEM, instead of the system's; turns TLS on
  std::string tls_cert_file;  // PEM, for servers that ask for it; turns TLS on
  std::string tls_key_file;   // of tls_cert_file; both or neither
  double timeout_seconds = 30;
};

class Connection {
 public:
  // NOT_FOUND for files that cannot be read, INVALID_ARGUMENT for those that hold no PEM.
  static Result<std::unique_ptr<Connection>> Open(ConnectionOptions options);

  // A further channel with a TCP connection of its own: one HTTP/2 connection carries the calls of
  // a few clients, not those of a load test.
  std::shared_ptr<grpc::Channel> NewChannel() const;
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  double timeout_seconds() const { return options_.timeout_seconds; }

  v1::CollectionService::Stub& collections() { return *collections_; }
  v1::PointService::Stub& points() { return *points_; }
  v1::QueryService::Stub& queries() { return *queries_; }
  v1::AdminService::Stub& admin() { return *admin_; }
  v1::ModelService::Stub& models() { return *models_; }

  // Adds the key, and a deadline of `timeout_seconds` (0 = the command line's, negative = none).
  void Prepare(grpc::ClientContext* context, double timeout_seconds = 0) const;

  // connection.Call(connection.points(), &v1::PointService::Stub::Get, request, &response)
  template <typename Stub, typename Request, typename Response>
  Outcome Call(Stub& stub,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
               const Request& request, Response* response, double timeout_seconds = 0) const {
    grpc::ClientContext context;
    Prepare(&context, timeout_seconds);
    return Explain((stub.*method)(&context, request, response));
  }

  // FromRpc, with the address in what says that there is no server.
  Outcome Explain(const grpc::Status& status) const;

 private:
  explicit Connection(ConnectionOptions options) : options_(std::move(options)) {}

  ConnectionOptions options_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CollectionService::Stub> collections_;
  std::unique_ptr<v1::PointService::Stub> points_;
  std::unique_ptr<v1::QueryService::Stub> queries_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<v1::ModelService::Stub> models_;
};

}  // namespace sagitta::cli
