#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <set>

#include "base/file.h"
#include "base/log.h"
#include "server/admin_service.h"
#include "server/collection_service.h"
#include "server/credentials.h"
#include "server/library_settings.h"
#include "server/model_service.h"
#include "server/point_service.h"
#include "server/query_service.h"

namespace sagitta::server {
namespace {

constexpr int kKeepaliveMs = 60000;  // pings idle clients, to notice those that are gone
constexpr int kKeepaliveTimeoutMs = 20000;
constexpr int kMinClientPingMs = 10000;  // clients that ping more often are sent away
constexpr int kMaxMetadataBytes = 16 << 10;

void SetLimits(const ServerConfig& config, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(config.max_receive));
  builder.SetMaxSendMessageSize(static_cast<int>(config.max_send));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(config.max_streams));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinClientPingMs);
  // Otherwise two servers may listen on one port, and each gets some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // A small compressed request could unfold into any amount of memory.
  builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
}

std::set<std::string> ServiceNames() {
  std::set<std::string> names;
  for (const MethodInfo& info : AllMethods()) names.emplace(info.service);
  return names;
}

DatabaseOptions OptionsOf(const ServerConfig& config) {
  DatabaseOptions options;
  options.path = config.data_dir;
  options.search_threads = config.search_threads;
  options.compaction_threads = config.compaction_threads;
  options.memory_limit_bytes = config.memory_limit;
  options.min_free_disk_bytes = config.min_free_disk;
  options.compaction_paused = config.compaction_paused;
  return options;
}

}  // namespace

Result<ApiKeys> LoadKeys(const ServerConfig& config) {
  if (!config.auth_keys.empty()) return ApiKeys::Parse(config.auth_keys);
  if (!config.auth_keys_file.empty()) return ApiKeys::Load(config.auth_keys_file);
  return ApiKeys::AllowAll();
}

Server::Server(const ServerConfig& config, ApiKeys keys)
    : config_(config), state_(config, std::move(keys)) {}

Server::~Server() { Stop(config_.grace); }

Result<std::unique_ptr<Server>> Server::Start(const ServerConfig& config) {
  SetUpLibraries();
  SAGITTA_ASSIGN_OR_RETURN(ApiKeys keys, LoadKeys(config));
  std::unique_ptr<Server> server(new Server(config, std::move(keys)));
  SAGITTA_RETURN_IF_ERROR(server->Listen());
  SAGITTA_RETURN_IF_ERROR(server->ListenHttp());
  return server;
}

Status Server::Listen() {
  SAGITTA_ASSIGN_OR_RETURN(HostPort address, ParseHostPort(config_.listen));
  SAGITTA_ASSIGN_OR_RETURN(auto credentials, ServerCredentialsOf(config_));
  grpc::EnableDefaultHealthCheckService(true);
  // The plugin is for all servers of the process and may be added only once.
  const bool reflect = address.is_loopback() ? config_.reflection : config_.public_reflection;
  static std::atomic<bool> reflecting{false};
  if (reflect && !reflecting.exchange(true)) {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  }
  grpc::ServerBuilder builder;
  SetLimits(config_, builder);
  services_.push_back(MakeCollectionService(state_));
  services_.push_back(MakePointService(state_));
  services_.push_back(MakeQueryService(state_));
  services_.push_back(MakeAdminService(state_));
  services_.push_back(MakeModelService(state_));
  for (const auto& service : services_) builder.RegisterService(service.get());
  int port = 0;
  builder.AddListeningPort(address.ToString(), credentials, &port);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr || port == 0) {
    return Status::Unavailable("cannot listen on " + config_.listen + " for gRPC");
  }
  grpc_port_ = static_cast<uint16_t>(port);
  SetServing(false);
  return Status::Ok();
}

Status Server::ListenHttp() {
  if (config_.http_listen.empty()) return Status::Ok();
  SAGITTA_ASSIGN_OR_RETURN(HostPort address, ParseHostPort(config_.http_listen));
  HttpServer::Handlers handlers;
  handlers.metrics = [this] { return state_.MetricsPage(); };
  handlers.not_ready = [this] { return NotReadyReason(); };
  handlers.may_read_metrics = [this, open = address.is_loopback()](const std::string& key) {
    return open || state_.keys()->Authorize(key, Scope::kRead).ok();
  };
  SAGITTA_ASSIGN_OR_RETURN(http_, HttpServer::Start(address, std::move(handlers)));
  return Status::Ok();
}

void Server::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = grpc_->GetHealthCheckService();
  if (health == nullptr) return;
  health->SetServingStatus("", serving);
  for (const std::string& name : ServiceNames()) health->SetServingStatus(name, serving);
}

std::string Server::NotReadyReason() const {
  if (draining_) return "shutting down";
  if (state_.database() == nullptr) return "the database is opening";
  return {};
}

Status Server::OpenDatabase() {
  const auto start = std::chrono::steady_clock::now();
  SAGITTA_ASSIGN_OR_RETURN(database_, Database::Open(OptionsOf(config_)));
  state_.SetDatabase(database_.get());
  SetServing(true);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  base::LogInfo("{} collections open after {:.3f} s; serving gRPC on port {}, HTTP on port {}",
                database_->ListCollections().size(), seconds.count(), grpc_port(), http_port());
  return WritePortFile();
}

Status Server::WritePortFile() const {
  if (config_.port_file.empty()) return Status::Ok();
  return base::WriteFileAtomically(config_.port_file,
                                   "{\"grpc\": " + std::to_string(grpc_port()) +
                                       ", \"http\": " + std::to_string(http_port()) +
                                       ", \"pid\": " + std::to_string(getpid()) + "}\n");
}

Status Server::ReloadKeys() {
  SAGITTA_ASSIGN_OR_RETURN(ApiKeys keys, LoadKeys(config_));
  state_.ReplaceKeys(std::move(keys));
  return Status::Ok();
}

void Server::Stop(std::chrono::milliseconds grace) {
  if (stopped_) return;
  stopped_ = true;
  draining_ = true;
  if (grpc_ != nullptr) {
    SetServing(false);
    // Returns when the last call has ended; those that run past the grace are cancelled.
    grpc_->Shutdown(std::chrono::system_clock::now() + grace);
    grpc_->Wait();
  }
  http_.reset();
  state_.ShutdownPools();
  state_.SetDatabase(nullptr);
  database_.reset();
  if (!config_.port_file.empty() && base::FileExists(config_.port_file)) {
    const Status status = base::RemoveFile(config_.port_file);
    if (!status.ok()) base::LogWarn("{}", status.ToString());
  }
}

}  // namespace sagitta::server
