// sagitta version, health, log-level.

#include <grpcpp/generic/generic_stub.h>

#include <memory>

#include "cli/proto_json.h"
#include "cli/session.h"

namespace sagitta::cli {
namespace {

using Stub = v1::AdminService::Stub;

Outcome PrintVersion(Session& session) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::GetVersionResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->admin(), &Stub::GetVersion, v1::GetVersionRequest(), &response));
  if (session.json()) {
    session.PrintJson({{"tool", SAGITTA_VERSION}, {"server", ProtoToJson(response)}});
    return Outcome::Ok();
  }
  session.out() << "tool    " << SAGITTA_VERSION << "\n"
                << "server  " << response.version()
                << (response.commit().empty() ? "" : " (" + response.commit() + ")") << ", kernels "
                << response.simd() << ", data format " << response.format_version() << "\n";
  return Outcome::Ok();
}

// grpc.health.v1.HealthCheckRequest{service}: field 1, length-delimited. Debian's gRPC ships no
// stub for it.
grpc::ByteBuffer HealthRequest(const std::string& service) {
  std::string bytes;
  if (!service.empty()) {
    bytes = std::string("\x0a") + static_cast<char>(service.size()) + service;
  }
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// HealthCheckResponse{status}: field 1, varint; 0 UNKNOWN, 1 SERVING, 2 NOT_SERVING, 3
// SERVICE_UNKNOWN.
int HealthStatus(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok() || slice.size() != 2 || slice.begin()[0] != 0x08) {
    return 0;
  }
  return slice.begin()[1];
}

Outcome CheckHealth(Session& session, const std::string& service) {
  static constexpr const char* kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  if (service.size() > 127) return Outcome::Usage("--service: longer than 127 bytes");
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  grpc::ClientContext context;
  connection->Prepare(&context);
  grpc::GenericStub stub(connection->channel());
  grpc::CompletionQueue queue;
  const grpc::ByteBuffer request = HealthRequest(service);
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Explain(status));
  const int code = HealthStatus(response);
  const std::string name = code >= 0 && code <= 3 ? kNames[code] : std::to_string(code);
  if (session.json()) {
    session.PrintJson({{"status", name}});
  } else {
    session.out() << name << "\n";
  }
  if (code == 1) return Outcome::Ok();
  return Outcome::FromRpc(
      grpc::Status(grpc::StatusCode::UNAVAILABLE, session.address() + ": is " + name));
}

Outcome LogLevel(Session& session, const std::string& level) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  if (!level.empty()) {
    v1::SetLogLevelRequest request;
    request.set_level(level);
    v1::SetLogLevelResponse response;
    return connection->Call(connection->admin(), &Stub::SetLogLevel, request, &response);
  }
  v1::GetLogLevelResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(connection->admin(), &Stub::GetLogLevel,
                                                v1::GetLogLevelRequest(), &response));
  if (session.json()) {
    session.PrintJson(ProtoToJson(response));
  } else {
    session.out() << response.level() << "\n";
  }
  return Outcome::Ok();
}

}  // namespace

void AddServerCommands(CLI::App& app, Commands& commands) {
  app.set_version_flag("--version", std::string("sagitta ") + SAGITTA_VERSION);
  commands.Bind(app.add_subcommand("version", "Versions of the tool and of the server"),
                PrintVersion);
  auto* health = app.add_subcommand("health", "Exits with 0 when the server is serving, else 69");
  auto service = std::make_shared<std::string>();
  health->add_option("--service", *service, "A service's name; empty = the server as a whole");
  commands.Bind(health, [service](Session& session) { return CheckHealth(session, *service); });
  auto* log = app.add_subcommand("log-level", "Show or set the server's log level");
  auto level = std::make_shared<std::string>();
  log->add_option("level", *level, "trace, debug, info, warn, error or off");
  commands.Bind(log, [level](Session& session) { return LogLevel(session, *level); });
}

}  // namespace sagitta::cli
