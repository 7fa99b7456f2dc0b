#include "server/credentials.h"

#include "base/file.h"

namespace sagitta::server {

Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const ServerConfig& config) {
  if (config.tls_cert_file.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  SAGITTA_ASSIGN_OR_RETURN(pair.private_key, base::ReadFile(config.tls_key_file));
  SAGITTA_ASSIGN_OR_RETURN(pair.cert_chain, base::ReadFile(config.tls_cert_file));
  options.pem_key_cert_pairs.push_back(std::move(pair));
  if (!config.tls_client_ca_file.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(options.pem_root_certs, base::ReadFile(config.tls_client_ca_file));
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> LocalCredentialsOf(const ServerConfig& config) {
  if (config.tls_cert_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  SAGITTA_ASSIGN_OR_RETURN(options.pem_root_certs, base::ReadFile(config.tls_cert_file));
  return grpc::SslCredentials(options);
}

}  // namespace sagitta::server
