#include "server/unary_call.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "base/log.h"

namespace sagitta::server {
namespace {

// protobuf's own 100 would refuse some filters and payloads that are within our limits, and would
// not say why.
constexpr int kRecursionLimit = 200;

}  // namespace

void CancelSlot::Set(CancelToken token) {
  base::MutexLock lock(mutex_);
  token_ = std::move(token);
  if (cancelled_) token_.Cancel();
}

CancelToken CancelSlot::Get() const {
  base::MutexLock lock(mutex_);
  return token_;
}

CancelToken CancelSlot::Tighten(std::chrono::milliseconds timeout) {
  const CancelToken current = Get();
  const auto end = std::chrono::steady_clock::now() + timeout;
  if (timeout.count() == 0 || end >= current.deadline()) return current;
  Set(CancelToken::WithDeadline(end));
  return Get();
}

void CancelSlot::Cancel() {
  base::MutexLock lock(mutex_);
  cancelled_ = true;
  if (token_.can_cancel()) token_.Cancel();
}

ReadOptions Call::Read(const v1::ReadOptions& in) {
  return {in.min_seq(), cancel.Tighten(std::chrono::milliseconds(in.timeout_ms()))};
}

Result<std::shared_ptr<Collection>> Call::Open(const std::string& name, std::string_view field) {
  SAGITTA_RETURN_IF_ERROR(ValidateName(field, name));
  resource_type = "collection";
  resource_name = name;
  return database.GetCollection(name);
}

Status ParseRequest(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  grpc::ByteBuffer readable(bytes);  // shares the slices
  grpc::ProtoBufferReader reader(&readable);
  bool parsed = reader.status().ok();
  if (parsed) {
    google::protobuf::io::CodedInputStream stream(&reader);
    stream.SetRecursionLimit(kRecursionLimit);
    parsed = message->ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  }
  if (parsed) return Status::Ok();
  return Status::InvalidArgument("", "the request is no " + message->GetTypeName() +
                                         ", has a string that is not UTF-8, or is nested too deep");
}

Status SerializeResponse(const google::protobuf::MessageLite& message, uint64_t limit,
                         grpc::ByteBuffer* bytes) {
  const size_t size = message.ByteSizeLong();
  if (size > limit) {
    return Status::ResourceExhausted("the response has " + std::to_string(size) +
                                     " bytes, allowed are " + std::to_string(limit) +
                                     " (server.max_send); ask for fewer points, or parts of them");
  }
  bool own = false;
  const grpc::Status status =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::MessageLite>(message, bytes,
                                                                                     &own);
  return status.ok() ? Status::Ok() : Status::Internal(status.error_message());
}

UnaryReactor::UnaryReactor(ServiceState& state, Method method, grpc::CallbackServerContext* context,
                           const grpc::ByteBuffer* request, grpc::ByteBuffer* response)
    : state_(state), method_(method), context_(context), request_(request), response_(response) {}

void UnaryReactor::Start() {
  Admission admission;
  Refusal refusal;
  if (!state_.Admit(*context_, method_, &admission, &refusal)) {
    return End(refusal.status, {.reason = refusal.reason});
  }
  cancel_.Set(admission.cancel);
  database_ = admission.database;
  const uint64_t bytes = request_->Length();
  Status status = state_.Reserve(bytes);
  if (!status.ok()) return End(status, {.reason = "REQUESTS_IN_FLIGHT"});
  reserved_ = bytes;
  if (const IoThreadLoan loan = state_.BorrowIoThread(method_); loan.granted()) return Run();
  status = state_.Submit(InfoOf(method_).pool, [this] { Run(); });
  if (!status.ok()) End(status, {.reason = "QUEUE_FULL"});
}

void UnaryReactor::Run() {
  Call call{state_, *database_, cancel_, {}, {}};
  // The deadline may have passed, or the client gone, while the call waited for a thread.
  Status status = cancel_.Get().Check();
  if (status.ok()) status = Work(call, *request_, response_);
  End(status,
      {.reason = {}, .resource_type = call.resource_type, .resource_name = call.resource_name});
}

void UnaryReactor::End(const Status& status, const ErrorContext& context) {
  if (reserved_ != 0) state_.Release(reserved_);
  if (status.code() == StatusCode::kInternal || status.code() == StatusCode::kDataLoss) {
    base::LogError("{}: {}", InfoOf(method_).name, status.ToString());
  }
  const grpc::Status wire = ToGrpcStatus(status, context);
  state_.metrics().RecordCall(method_, wire.error_code(), watch_.Seconds());
  Finish(wire);  // nothing of this object may be used from here on
}

void UnaryReactor::OnCancel() { cancel_.Cancel(); }

}  // namespace sagitta::server
