// UnaryCall: the life of one unary RPC: admit, reserve, queue; then on a pool's thread parse,
// handle, serialize.
//
// A reactor's own thread is one of the few that carry all calls' I/O: it works on a call itself
// only on loan (IoThreadLoan), otherwise a pool's thread does. Requests arrive as raw bytes, so
// that a caller without a key has nothing parsed, and a malformed request gets an error saying so.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/stopwatch.h"
#include "sagitta/v1/types.pb.h"
#include "server/service_state.h"

namespace sagitta::server {

// A call's cancel token, which may be replaced by one with a nearer deadline while the client's
// going away still reaches it. Thread-safe.
class CancelSlot {
 public:
  void Set(CancelToken token);
  CancelToken Get() const;
  // The same deadline, or `timeout` from now if that is nearer.
  CancelToken Tighten(std::chrono::milliseconds timeout);
  void Cancel();

 private:
  mutable base::Mutex mutex_;
  CancelToken token_ GUARDED_BY(mutex_);
  bool cancelled_ GUARDED_BY(mutex_) = false;
};

// What a handler works with.
struct Call {
  ServiceState& state;
  Database& database;
  CancelSlot& cancel;
  std::string resource_type;  // for ResourceInfo of the error, if there is one
  std::string resource_name;

  // The collection of that name or alias. INVALID_ARGUMENT (field) when it cannot be a name.
  Result<std::shared_ptr<Collection>> Open(const std::string& name,
                                           std::string_view field = "collection");
  ReadOptions Read(const v1::ReadOptions& in);
};

// INVALID_ARGUMENT when it is not one message of this type, or nested too deep.
Status ParseRequest(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);
// RESOURCE_EXHAUSTED when it is larger than `limit`.
Status SerializeResponse(const google::protobuf::MessageLite& message, uint64_t limit,
                         grpc::ByteBuffer* bytes);

class UnaryReactor : public grpc::ServerUnaryReactor {
 public:
  void Start();

 protected:
  UnaryReactor(ServiceState& state, Method method, grpc::CallbackServerContext* context,
               const grpc::ByteBuffer* request, grpc::ByteBuffer* response);

  virtual Status Work(Call& call, const grpc::ByteBuffer& request, grpc::ByteBuffer* response) = 0;

 private:
  void Run();
  void End(const Status& status, const ErrorContext& context = {});
  void OnCancel() override;
  void OnDone() override { delete this; }
  // OnDone and OnCancel take no time, so that gRPC need not wake another thread to call them.
  bool InternalInlineable() override { return true; }

  ServiceState& state_;
  const Method method_;
  grpc::CallbackServerContext* const context_;
  const grpc::ByteBuffer* const request_;
  grpc::ByteBuffer* const response_;
  const base::Stopwatch watch_;
  CancelSlot cancel_;
  Database* database_ = nullptr;
  uint64_t reserved_ = 0;
};

template <typename Request, typename Response>
class UnaryCall final : public UnaryReactor {
 public:
  // May take bytes out of the request.
  using Handler = Status (*)(Call&, Request&, Response*);

  UnaryCall(Handler handler, ServiceState& state, Method method,
            grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
            grpc::ByteBuffer* response)
      : UnaryReactor(state, method, context, request, response), handler_(handler) {}

 private:
  Status Work(Call& call, const grpc::ByteBuffer& request, grpc::ByteBuffer* response) override {
    google::protobuf::Arena arena;
    auto* in = google::protobuf::Arena::CreateMessage<Request>(&arena);
    auto* out = google::protobuf::Arena::CreateMessage<Response>(&arena);
    SAGITTA_RETURN_IF_ERROR(ParseRequest(request, in));
    SAGITTA_RETURN_IF_ERROR(handler_(call, *in, out));
    return SerializeResponse(*out, call.state.config().max_send, response);
  }

  const Handler handler_;
};

template <typename Request, typename Response>
grpc::ServerUnaryReactor* StartUnary(Status (*handler)(Call&, Request&, Response*),
                                     ServiceState& state, Method method,
                                     grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  auto* call = new UnaryCall<Request, Response>(handler, state, method, context, request, response);
  call->Start();
  return call;
}

}  // namespace sagitta::server
