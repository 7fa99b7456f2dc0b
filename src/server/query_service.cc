#include "server/query_service.h"

#include "server/query_call.h"
#include "server/query_stream.h"
#include "server/unary_call.h"

namespace sagitta::server {
namespace {

using Base = v1::QueryService;
using RawMethods = Base::WithRawCallbackMethod_Query<
    Base::WithRawCallbackMethod_QueryStream<Base::WithRawCallbackMethod_QueryBatch<Base::Service>>>;

class QueryService final : public RawMethods {
 public:
  explicit QueryService(ServiceState& state) : state_(state) {}

 private:
  grpc::ServerUnaryReactor* Query(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in,
                                  grpc::ByteBuffer* out) override {
    return StartUnary(&AnswerQuery, state_, Method::kQuery, context, in, out);
  }
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* QueryStream(
      grpc::CallbackServerContext* context) override {
    return StartQueryStream(state_, context);
  }
  grpc::ServerUnaryReactor* QueryBatch(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* in, grpc::ByteBuffer* out) override {
    return StartUnary(&AnswerQueryBatch, state_, Method::kQueryBatch, context, in, out);
  }

  ServiceState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeQueryService(ServiceState& state) {
  return std::make_unique<QueryService>(state);
}

}  // namespace sagitta::server
