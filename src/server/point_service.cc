#include "server/point_service.h"

#include "server/convert_filter.h"
#include "server/convert_query.h"
#include "server/convert_value.h"
#include "server/convert_write.h"
#include "server/unary_call.h"
#include "server/upsert.h"
#include "server/upsert_stream.h"

namespace sagitta::server {
namespace {

constexpr int kMaxIds = 10000;

Result<std::vector<PointId>> ConvertIds(
    const google::protobuf::RepeatedPtrField<v1::PointId>& ids) {
  if (ids.empty() || ids.size() > kMaxIds) {
    return Status::InvalidArgument(
        "ids", "has " + std::to_string(ids.size()) + " entries, allowed are 1–10,000");
  }
  return FromProto(ids, "ids");
}

template <typename Request>
Result<std::optional<Filter>> OptionalFilter(const Request& in) {
  if (!in.has_filter()) return std::optional<Filter>();
  SAGITTA_ASSIGN_OR_RETURN(Filter filter, FromProto(in.filter(), "filter"));
  return std::optional<Filter>(std::move(filter));
}

Status DoUpsert(Call& call, v1::UpsertRequest& in, v1::UpsertResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(WriteResult result, ApplyUpsert(call, in));
  ToProto(result, out->mutable_result());
  return Status::Ok();
}

Status DoDelete(Call& call, v1::DeleteRequest& in, v1::DeleteResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(WriteOptions options, FromProto(in.options()));
  if (in.has_filter() == (in.ids_size() != 0)) {
    return Status::InvalidArgument("ids", "exactly one of ids and filter is needed");
  }
  WriteResult result;
  if (in.has_filter()) {
    SAGITTA_ASSIGN_OR_RETURN(Filter filter, FromProto(in.filter(), "filter"));
    SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
    SAGITTA_ASSIGN_OR_RETURN(result, collection->DeleteByFilter(filter, options));
  } else {
    SAGITTA_ASSIGN_OR_RETURN(auto ids, ConvertIds(in.ids()));
    SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
    SAGITTA_ASSIGN_OR_RETURN(result, collection->Delete(ids, options));
  }
  ToProto(result, out->mutable_result());
  return Status::Ok();
}

Status DoUpdatePayload(Call& call, v1::UpdatePayloadRequest& in, v1::UpdatePayloadResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(WriteOptions options, FromProto(in.options()));
  SAGITTA_ASSIGN_OR_RETURN(PayloadUpdate update, FromProto(in));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SAGITTA_ASSIGN_OR_RETURN(WriteResult result, collection->UpdatePayload(update, options));
  ToProto(result, out->mutable_result());
  return Status::Ok();
}

Status DoGet(Call& call, v1::GetRequest& in, v1::GetResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(auto ids, ConvertIds(in.ids()));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SAGITTA_ASSIGN_OR_RETURN(auto points,
                           collection->Get(ids, FromProto(in.select()), call.Read(in.options())));
  for (Point& point : points) ToProto(std::move(point), out->add_points());
  return Status::Ok();
}

Status DoScroll(Call& call, v1::ScrollRequest& in, v1::ScrollResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(ScrollRequest request, FromProto(in));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SAGITTA_ASSIGN_OR_RETURN(auto page, collection->Scroll(request, call.Read(in.options())));
  ToProto(std::move(page), out);
  return Status::Ok();
}

Status DoCount(Call& call, v1::CountRequest& in, v1::CountResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(auto filter, OptionalFilter(in));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SAGITTA_ASSIGN_OR_RETURN(auto result, collection->Count(filter, call.Read(in.options())));
  out->set_count(result.count);
  out->set_filter_scanned(result.filter_scanned);
  return Status::Ok();
}

using Base = v1::PointService;
using RawMethods = Base::WithRawCallbackMethod_Upsert<Base::WithRawCallbackMethod_UpsertStream<
    Base::WithRawCallbackMethod_Delete<Base::WithRawCallbackMethod_UpdatePayload<
        Base::WithRawCallbackMethod_Get<Base::WithRawCallbackMethod_Scroll<
            Base::WithRawCallbackMethod_Count<Base::Service>>>>>>>;

class PointService final : public RawMethods {
 public:
  explicit PointService(ServiceState& state) : state_(state) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* Upsert(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DoUpsert, state_, Method::kUpsert, context, in, out);
  }
  grpc::ServerBidiReactor<Bytes, Bytes>* UpsertStream(Context* context) override {
    return StartUpsertStream(state_, context);
  }
  Reactor* Delete(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DoDelete, state_, Method::kDelete, context, in, out);
  }
  Reactor* UpdatePayload(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DoUpdatePayload, state_, Method::kUpdatePayload, context, in, out);
  }
  Reactor* Get(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DoGet, state_, Method::kGet, context, in, out);
  }
  Reactor* Scroll(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DoScroll, state_, Method::kScroll, context, in, out);
  }
  Reactor* Count(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DoCount, state_, Method::kCount, context, in, out);
  }

  ServiceState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePointService(ServiceState& state) {
  return std::make_unique<PointService>(state);
}

}  // namespace sagitta::server
