#include "server/health_probe.h"

#include <grpcpp/generic/generic_stub.h>
#include <httplib.h>

#include "base/file.h"
#include "sagitta/value.h"
#include "server/credentials.h"
#include "server/status_map.h"
#include "server/units.h"

namespace sagitta::server {
namespace {

// HealthCheckResponse{status: SERVING}: field 1, varint 1. The request is an empty message.
constexpr std::string_view kServing("\x08\x01", 2);

// Where a client on this machine reaches `listen`; a port of 0 is in the port file, by `name`.
Result<HostPort> AddressOf(const ServerConfig& config, const std::string& listen,
                           const std::string& name) {
  SAGITTA_ASSIGN_OR_RETURN(HostPort address, ParseHostPort(listen));
  // Every address of the machine is not an address to call.
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  if (address.port != 0) return address;
  SAGITTA_ASSIGN_OR_RETURN(std::string text, base::ReadFile(config.port_file));
  auto json = Value::ParseJson(text);
  const ValueObject* ports = json.ok() ? json->AsObject() : nullptr;
  const auto found = ports == nullptr ? ValueObject::const_iterator() : ports->find(name);
  const int64_t* port =
      ports == nullptr || found == ports->end() ? nullptr : found->second.AsInt64();
  if (port == nullptr || *port < 1 || *port > 65535) {
    return Status::DataLoss(config.port_file + ": is no port file");
  }
  address.port = static_cast<uint16_t>(*port);
  return address;
}

Status Check(grpc::GenericStub& stub, std::chrono::milliseconds timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  context.set_wait_for_ready(false);
  grpc::CompletionQueue queue;
  grpc::ByteBuffer request(static_cast<grpc::Slice*>(nullptr), 0);
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return FromGrpcStatus(status);
  grpc::Slice slice;
  if (response.Valid()) (void)response.TrySingleSlice(&slice);
  const std::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes == kServing ? Status::Ok() : Status::Unavailable("NOT_SERVING");
}

// For a server that wants client certificates, of which there is none here.
Status ProbeHttp(const ServerConfig& config, std::chrono::milliseconds timeout) {
  if (config.http_listen.empty()) {
    return Status::FailedPrecondition(
        "with tls.client_ca_file set the health is asked of http.listen, which is off");
  }
  SAGITTA_ASSIGN_OR_RETURN(HostPort address, AddressOf(config, config.http_listen, "http"));
  httplib::Client client(address.host, address.port);
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  const auto response = client.Get("/readyz");
  if (!response) return Status::Unavailable(address.ToString() + ": no answer");
  return response->status == 200 ? Status::Ok() : Status::Unavailable(response->body);
}

}  // namespace

Status ProbeHealth(const ServerConfig& config, std::chrono::milliseconds timeout) {
  if (!config.tls_client_ca_file.empty()) return ProbeHttp(config, timeout);
  SAGITTA_ASSIGN_OR_RETURN(HostPort address, AddressOf(config, config.listen, "grpc"));
  SAGITTA_ASSIGN_OR_RETURN(auto channel, LocalChannel(config, address.ToString()));
  grpc::GenericStub stub(channel);
  return Check(stub, timeout);
}

}  // namespace sagitta::server
