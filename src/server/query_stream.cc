#include "server/query_stream.h"

#include "base/log.h"
#include "base/stopwatch.h"
#include "server/query_call.h"
#include "server/stream_call.h"

namespace sagitta::server {
namespace {

class QueryStreamCall final : public StreamCall {
 public:
  QueryStreamCall(ServiceState& state, grpc::CallbackServerContext* context)
      : StreamCall(state, Method::kQueryStream, context,
                   {.messages = 16, .bytes = 16ull << 20, .messages_per_turn = 8}) {}

 private:
  void Apply(Call& call, const grpc::ByteBuffer& message) override {
    const base::Stopwatch watch;
    google::protobuf::Arena arena;
    auto* request = google::protobuf::Arena::CreateMessage<v1::QueryStreamRequest>(&arena);
    auto* response = google::protobuf::Arena::CreateMessage<v1::QueryStreamResponse>(&arena);
    ResetDeadline();
    Status status = cancel().Check();
    if (status.ok()) status = ParseRequest(message, request);
    response->set_tag(request->tag());
    if (status.ok()) {
      status = AnswerQuery(call, *request->mutable_request(), response->mutable_response());
      if (!status.ok() && !status.field().empty()) status = status.WithFieldPrefix("request.");
    }
    answer_.Clear();
    if (status.ok()) status = SerializeResponse(*response, state().config().max_send, &answer_);
    const grpc::Status wire = ToGrpcStatus(status);
    state().metrics().RecordStreamQuery(wire.error_code(), watch.Seconds());
    if (status.ok()) return;
    if (status.code() == StatusCode::kInternal || status.code() == StatusCode::kDataLoss) {
      base::LogError("QueryStream: {}", status.ToString());
    }
    *response->mutable_error() = ToRpcStatus(
        status,
        {.reason = {}, .resource_type = call.resource_type, .resource_name = call.resource_name});
    failed_ = SerializeResponse(*response, state().config().max_send, &answer_);
  }

  // An error always fits, so that one answer that is too large does not end the stream.
  Status TakeAnswer(uint32_t, grpc::ByteBuffer* answer) override {
    answer->Swap(&answer_);
    return failed_;
  }

  grpc::ByteBuffer answer_;
  Status failed_;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartQueryStream(
    ServiceState& state, grpc::CallbackServerContext* context) {
  auto* call = new QueryStreamCall(state, context);
  call->Start();
  return call;
}

}  // namespace sagitta::server
