// gRPC credentials from the configuration. Thread-safe.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "sagitta/status.h"
#include "server/config.h"

namespace sagitta::server {

// TLS (at least 1.2) where tls.cert_file is set; clients need a certificate where
// tls.client_ca_file is set too. Errors as LoadTlsFiles (tls_files.h).
Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const ServerConfig& config);

// To the server of `config` on this machine, without a client certificate. Over TLS it trusts
// exactly the server's own certificate, whatever name that is for.
Result<std::shared_ptr<grpc::Channel>> LocalChannel(const ServerConfig& config,
                                                    const std::string& address);

}  // namespace sagitta::server
