// What the calls with progress do: WaitIndexed and RecommendStorage.
#include "sagitta/v1/admin.pb.h"
#include "server/convert_storage.h"
#include "server/progress_call.h"

namespace sagitta::server {
namespace {

using Message = std::unique_ptr<google::protobuf::Message>;

template <typename Response>
Message ProgressOf(double progress) {
  auto response = std::make_unique<Response>();
  response->set_progress(progress);
  return response;
}

Result<Message> WaitIndexed(Call& call, const grpc::ByteBuffer& bytes,
                            const std::function<void(double)>& report) {
  v1::WaitIndexedRequest request;
  SAGITTA_RETURN_IF_ERROR(ParseRequest(bytes, &request));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(request.collection()));
  SAGITTA_RETURN_IF_ERROR(collection->WaitIndexed(call.cancel.Get(), report));
  auto response = std::make_unique<v1::WaitIndexedResponse>();
  response->set_progress(1);
  response->set_done(true);
  return Message(std::move(response));
}

Result<Message> Recommend(Call& call, const grpc::ByteBuffer& bytes,
                          const std::function<void(double)>& report) {
  v1::RecommendStorageRequest request;
  SAGITTA_RETURN_IF_ERROR(ParseRequest(bytes, &request));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(request.collection()));
  SAGITTA_ASSIGN_OR_RETURN(const StorageRequest asked, FromProto(request));
  SAGITTA_ASSIGN_OR_RETURN(const StorageReport found,
                           collection->RecommendStorage(asked, call.cancel.Get(), report));
  auto response = std::make_unique<v1::RecommendStorageResponse>();
  response->set_progress(1);
  ToProto(found, response->mutable_report());
  return Message(std::move(response));
}

}  // namespace

const ProgressWork& WaitIndexedWork() {
  static const ProgressWork work{Method::kWaitIndexed, &WaitIndexed,
                                 &ProgressOf<v1::WaitIndexedResponse>};
  return work;
}

const ProgressWork& RecommendStorageWork() {
  static const ProgressWork work{Method::kRecommendStorage, &Recommend,
                                 &ProgressOf<v1::RecommendStorageResponse>};
  return work;
}

}  // namespace sagitta::server
