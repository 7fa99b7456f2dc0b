#include "server/import_model_call.h"

#include "server/convert_model.h"
#include "server/stream_call.h"

namespace sagitta::server {
namespace {

constexpr uint64_t kMostBytes = 1ull << 30;

class ImportModelCall final : public StreamCall {
 public:
  ImportModelCall(ServiceState& state, grpc::CallbackServerContext* context)
      : StreamCall(state, Method::kImportModel, context,
                   {.messages = 4, .bytes = 4ull << 20, .messages_per_turn = 4}) {}
  ~ImportModelCall() override { state().Release(reserved_); }

 private:
  void Apply(Call& call, const grpc::ByteBuffer& message) override {
    response_.Clear();
    status_ = Take(call, message);
  }

  Status Take(Call& call, const grpc::ByteBuffer& message) {
    v1::ImportModelRequest request;
    SAGITTA_RETURN_IF_ERROR(cancel().Check());
    SAGITTA_RETURN_IF_ERROR(ParseRequest(message, &request));
    if (done_) return Status::InvalidArgument("last", "was true in a message before this one");
    if (first_) name_ = request.name();
    first_ = false;
    SAGITTA_RETURN_IF_ERROR(ValidateName("name", name_));
    const std::string& part = request.data();
    if (part.size() > kMostBytes - bytes_.size()) {
      return Status::InvalidArgument("data", "is more than 1 GiB in all");
    }
    SAGITTA_RETURN_IF_ERROR(state().Reserve(part.size()));
    reserved_ += part.size();
    bytes_ += part;
    if (!request.last()) return Status::Ok();
    done_ = true;
    const auto model = call.database.ImportModel(name_, bytes_);
    if (!model.ok()) {
      const bool data = model.status().field() == "bytes";
      return data ? Status::InvalidArgument("data", model.status().message()) : model.status();
    }
    ToProto(*model, response_.mutable_model());
    return Status::Ok();
  }

  Status TakeAnswer(uint32_t, grpc::ByteBuffer* answer) override {
    SAGITTA_RETURN_IF_ERROR(status_);
    return SerializeResponse(response_, state().config().max_send, answer);
  }

  std::string name_, bytes_;
  uint64_t reserved_ = 0;
  bool first_ = true, done_ = false;
  Status status_;  // of the message before
  v1::ImportModelResponse response_;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartImportModel(
    ServiceState& state, grpc::CallbackServerContext* context) {
  auto* call = new ImportModelCall(state, context);
  call->Start();
  return call;
}

}  // namespace sagitta::server
