#include "server/model_service.h"

#include "server/convert_model.h"
#include "server/import_model_call.h"
#include "server/unary_call.h"

namespace sagitta::server {
namespace {

constexpr size_t kPartBytes = 1 << 20;

Result<ModelRef> FindRef(Call& call, const std::string& model) {
  SAGITTA_ASSIGN_OR_RETURN(ModelRef ref, ModelRef::Parse("model", model));
  call.resource_type = "model";
  call.resource_name = model;
  return ref;
}

Status Train(Call& call, v1::TrainBinarizerRequest& in, v1::TrainBinarizerResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(TrainBinarizerRequest request, FromProto(in));
  SAGITTA_ASSIGN_OR_RETURN(const uint64_t job, call.database.TrainBinarizer(std::move(request)));
  out->set_job(job);
  return Status::Ok();
}

Status TrainAdapter(Call& call, v1::TrainAdapterRequest& in, v1::TrainAdapterResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(TrainAdapterRequest request, FromProto(in));
  SAGITTA_ASSIGN_OR_RETURN(const uint64_t job, call.database.TrainAdapter(std::move(request)));
  out->set_job(job);
  return Status::Ok();
}

Status Cancel(Call& call, v1::CancelJobRequest& in, v1::CancelJobResponse*) {
  call.resource_type = "job";
  call.resource_name = std::to_string(in.job());
  return call.database.CancelJob(in.job());
}

Status List(Call& call, v1::ListModelsRequest&, v1::ListModelsResponse* out) {
  for (const ModelInfo& info : call.database.ListModels()) ToProto(info, out->add_models());
  return Status::Ok();
}

Status Get(Call& call, v1::GetModelRequest& in, v1::GetModelResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref, FindRef(call, in.model()));
  SAGITTA_ASSIGN_OR_RETURN(const ModelInfo info, call.database.GetModel(ref));
  ToProto(info, out->mutable_model());
  return Status::Ok();
}

Status Export(Call& call, v1::ExportModelRequest& in, v1::ExportModelResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref, FindRef(call, in.model()));
  SAGITTA_ASSIGN_OR_RETURN(const std::string bytes, call.database.ExportModel(ref));
  if (in.offset() > bytes.size()) {
    return Status::InvalidArgument("offset", "is " + std::to_string(in.offset()) +
                                                 "; the model has " + std::to_string(bytes.size()) +
                                                 " bytes");
  }
  out->set_data(bytes.substr(in.offset(), kPartBytes));
  out->set_total_bytes(bytes.size());
  return Status::Ok();
}

Status Evaluate(Call& call, v1::EvaluateModelRequest& in, v1::EvaluateModelResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref, FindRef(call, in.model()));
  SAGITTA_ASSIGN_OR_RETURN(
      const ModelEvaluation evaluation,
      call.database.EvaluateModel(ref, in.collection(), in.field(), call.cancel.Get()));
  ToProto(evaluation, out);
  return Status::Ok();
}

Status Delete(Call& call, v1::DeleteModelRequest& in, v1::DeleteModelResponse*) {
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref, FindRef(call, in.model()));
  return call.database.DeleteModel(ref);
}

using Base = v1::ModelService;
using RawMethods =
    Base::WithRawCallbackMethod_TrainBinarizer<Base::WithRawCallbackMethod_TrainAdapter<
        Base::WithRawCallbackMethod_CancelJob<Base::WithRawCallbackMethod_ListModels<
            Base::WithRawCallbackMethod_GetModel<Base::WithRawCallbackMethod_ExportModel<
                Base::WithRawCallbackMethod_ImportModel<Base::WithRawCallbackMethod_EvaluateModel<
                    Base::WithRawCallbackMethod_DeleteModel<Base::Service>>>>>>>>>;

class ModelService final : public RawMethods {
 public:
  explicit ModelService(ServiceState& state) : state_(state) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* TrainBinarizer(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Train, state_, Method::kTrainBinarizer, context, in, out);
  }
  Reactor* TrainAdapter(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&server::TrainAdapter, state_, Method::kTrainAdapter, context, in, out);
  }
  Reactor* CancelJob(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Cancel, state_, Method::kCancelJob, context, in, out);
  }
  Reactor* ListModels(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&List, state_, Method::kListModels, context, in, out);
  }
  Reactor* GetModel(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Get, state_, Method::kGetModel, context, in, out);
  }
  Reactor* ExportModel(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Export, state_, Method::kExportModel, context, in, out);
  }
  grpc::ServerBidiReactor<Bytes, Bytes>* ImportModel(Context* context) override {
    return StartImportModel(state_, context);
  }
  Reactor* EvaluateModel(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Evaluate, state_, Method::kEvaluateModel, context, in, out);
  }
  Reactor* DeleteModel(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Delete, state_, Method::kDeleteModel, context, in, out);
  }

  ServiceState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(ServiceState& state) {
  return std::make_unique<ModelService>(state);
}

}  // namespace sagitta::server
