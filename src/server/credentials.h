// gRPC credentials from the configuration. Thread-safe.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "sagitta/status.h"
#include "server/config.h"

namespace sagitta::server {

// TLS (at least 1.2) where tls.cert_file is set; clients need a certificate where
// tls.client_ca_file is set too.
Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const ServerConfig& config);

// For a client on this machine: trusts exactly the server's own certificate.
Result<std::shared_ptr<grpc::ChannelCredentials>> LocalCredentialsOf(const ServerConfig& config);

}  // namespace sagitta::server
