#include "server/upsert_stream.h"

#include "server/convert_write.h"
#include "server/stream_call.h"
#include "server/upsert.h"

namespace sagitta::server {
namespace {

class UpsertStreamCall final : public StreamCall {
 public:
  UpsertStreamCall(ServiceState& state, grpc::CallbackServerContext* context)
      : StreamCall(state, Method::kUpsertStream, context,
                   {.messages = 8, .bytes = 16ull << 20, .messages_per_turn = 8}) {}

 private:
  void Apply(Call& call, const grpc::ByteBuffer& message) override {
    response_.Clear();
    google::protobuf::Arena arena;
    auto* request = google::protobuf::Arena::CreateMessage<v1::UpsertStreamRequest>(&arena);
    Status status = cancel().Check();
    if (status.ok()) status = ParseRequest(message, request);
    response_.set_batch(request->batch());
    if (status.ok()) {
      auto result = ApplyUpsert(call, *request->mutable_upsert());
      if (result.ok()) {
        ToProto(*result, response_.mutable_result());
        return;
      }
      status = result.status();
      if (!status.field().empty()) status = status.WithFieldPrefix("upsert.");
    }
    *response_.mutable_error() = ToRpcStatus(
        status,
        {.reason = {}, .resource_type = call.resource_type, .resource_name = call.resource_name});
  }

  Status TakeAnswer(uint32_t credits, grpc::ByteBuffer* answer) override {
    response_.set_credits(credits);
    return SerializeResponse(response_, state().config().max_send, answer);
  }

  v1::UpsertStreamResponse response_;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartUpsertStream(
    ServiceState& state, grpc::CallbackServerContext* context) {
  auto* call = new UpsertStreamCall(state, context);
  call->Start();
  return call;
}

}  // namespace sagitta::server
