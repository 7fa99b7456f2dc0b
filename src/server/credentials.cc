#include "server/credentials.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "base/file.h"
#include "server/tls_files.h"

namespace sagitta::server {

Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const ServerConfig& config) {
  if (config.tls_cert_file.empty()) return grpc::InsecureServerCredentials();
  SAGITTA_ASSIGN_OR_RETURN(TlsFiles files, LoadTlsFiles(config));
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back(
      {std::move(files.private_key), std::move(files.certificate_chain)});
  if (!files.client_roots.empty()) {
    options.pem_root_certs = std::move(files.client_roots);
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

Result<std::shared_ptr<grpc::Channel>> LocalChannel(const ServerConfig& config,
                                                    const std::string& address) {
  if (config.tls_cert_file.empty()) {
    return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  }
  grpc::SslCredentialsOptions options;
  SAGITTA_ASSIGN_OR_RETURN(options.pem_root_certs, base::ReadFile(config.tls_cert_file));
  grpc::ChannelArguments arguments;
  const std::string name = CertifiedName(options.pem_root_certs);
  if (!name.empty()) arguments.SetSslTargetNameOverride(name);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

}  // namespace sagitta::server
