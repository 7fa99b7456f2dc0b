#include "cli/connection.h"

#include "base/file.h"

namespace sagitta::cli {
namespace {

// The first line of a key file, without white space at its ends.
Result<std::string> ReadKeyFile(const std::string& path) {
  auto content = base::ReadFile(path);
  if (!content.ok()) return Status::NotFound(content.status().message());
  std::string key = content->substr(0, content->find('\n'));
  const size_t begin = key.find_first_not_of(" \t\r");
  if (begin == std::string::npos) {
    return Status::InvalidArgument("", path + ": the first line must be the API key, it is empty");
  }
  return key.substr(begin, key.find_last_not_of(" \t\r") - begin + 1);
}

Result<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  auto pem = base::ReadFile(path);
  if (!pem.ok()) return Status::NotFound(pem.status().message());
  // gRPC takes any text, and then only says that the connection failed.
  if (pem->find("-----BEGIN ") != std::string::npos) return pem;
  return Status::InvalidArgument("", path + ": holds no PEM");
}

Result<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const ConnectionOptions& options) {
  if (!options.tls && options.tls_ca_file.empty() && options.tls_cert_file.empty()) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  SAGITTA_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options.tls_ca_file));
  SAGITTA_ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadPem(options.tls_cert_file));
  SAGITTA_ASSIGN_OR_RETURN(ssl.pem_private_key, ReadPem(options.tls_key_file));
  return grpc::SslCredentials(ssl);
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Open(ConnectionOptions options) {
  if (!options.api_key_file.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(options.api_key, ReadKeyFile(options.api_key_file));
  }
  std::unique_ptr<Connection> out(new Connection(std::move(options)));
  SAGITTA_ASSIGN_OR_RETURN(out->credentials_, CredentialsOf(out->options_));
  out->channel_ = out->NewChannel();
  out->collections_ = v1::CollectionService::NewStub(out->channel_);
  out->points_ = v1::PointService::NewStub(out->channel_);
  out->queries_ = v1::QueryService::NewStub(out->channel_);
  out->admin_ = v1::AdminService::NewStub(out->channel_);
  out->models_ = v1::ModelService::NewStub(out->channel_);
  return out;
}

std::shared_ptr<grpc::Channel> Connection::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A server that restarts is found again within a second, not after gRPC's default of up to two
  // minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // An http_proxy in the environment is for the web, not for a database address.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(options_.address, credentials_, arguments);
}

void Connection::Prepare(grpc::ClientContext* context, double timeout_seconds) const {
  if (!options_.api_key.empty()) {
    context->AddMetadata("authorization", "Bearer " + options_.api_key);
  }
  const double seconds = timeout_seconds == 0 ? options_.timeout_seconds : timeout_seconds;
  if (seconds > 0) {
    context->set_deadline(std::chrono::system_clock::now() +
                          std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)));
  }
}

Outcome Connection::Explain(const grpc::Status& status) const {
  Outcome out = Outcome::FromRpc(status);
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return out.With(kExitUnavailable, options_.address + ": ");
  }
  return out;
}

}  // namespace sagitta::cli
