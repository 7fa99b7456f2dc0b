#include "server/collection_service.h"

#include "server/convert_schema.h"
#include "server/unary_call.h"

namespace sagitta::server {
namespace {

void SetResource(Call& call, std::string_view type, const std::string& name) {
  call.resource_type = type;
  call.resource_name = name;
}

Status Create(Call& call, v1::CreateCollectionRequest& in, v1::CreateCollectionResponse* out) {
  if (!in.has_schema()) return Status::InvalidArgument("schema", "is needed");
  SAGITTA_ASSIGN_OR_RETURN(CollectionSchema schema, FromProto(in.schema(), "schema"));
  const Status valid = schema.Validate();
  if (!valid.ok()) return valid.WithFieldPrefix("schema.");
  SetResource(call, "collection", schema.name);
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.database.CreateCollection(schema));
  ToProto(collection->Schema(), out->mutable_schema());
  return Status::Ok();
}

Status Get(Call& call, v1::GetCollectionRequest& in, v1::GetCollectionResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.name(), "name"));
  ToProto(collection->Schema(), out->mutable_schema());
  return Status::Ok();
}

Status List(Call& call, v1::ListCollectionsRequest&, v1::ListCollectionsResponse* out) {
  for (const CollectionSchema& schema : call.database.ListCollections()) {
    ToProto(schema, out->add_schemas());
  }
  return Status::Ok();
}

Status Update(Call& call, v1::UpdateCollectionRequest& in, v1::UpdateCollectionResponse* out) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", in.name()));
  SetResource(call, "collection", in.name());
  SAGITTA_ASSIGN_OR_RETURN(CollectionUpdate update, FromProto(in));
  SAGITTA_ASSIGN_OR_RETURN(CollectionSchema schema,
                           call.database.UpdateCollection(in.name(), update));
  ToProto(schema, out->mutable_schema());
  return Status::Ok();
}

Status Drop(Call& call, v1::DropCollectionRequest& in, v1::DropCollectionResponse*) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", in.name()));
  SetResource(call, "collection", in.name());
  return call.database.DropCollection(in.name());
}

Status SetAlias(Call& call, v1::SetAliasRequest& in, v1::SetAliasResponse*) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("alias", in.alias()));
  SAGITTA_RETURN_IF_ERROR(ValidateName("collection", in.collection()));
  SetResource(call, "collection", in.collection());
  return call.database.SetAlias(in.alias(), in.collection());
}

Status DropAlias(Call& call, v1::DropAliasRequest& in, v1::DropAliasResponse*) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("alias", in.alias()));
  SetResource(call, "alias", in.alias());
  return call.database.DropAlias(in.alias());
}

Status ListAliases(Call& call, v1::ListAliasesRequest&, v1::ListAliasesResponse* out) {
  for (const AliasInfo& info : call.database.ListAliases()) {
    auto* alias = out->add_aliases();
    alias->set_alias(info.alias);
    alias->set_collection(info.collection);
  }
  return Status::Ok();
}

Status CreateIndex(Call& call, v1::CreatePayloadIndexRequest& in, v1::CreatePayloadIndexResponse*) {
  SAGITTA_ASSIGN_OR_RETURN(PayloadIndex index, FromProto(in.index(), "index"));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  const Status status = collection->CreatePayloadIndex(index);
  if (status.code() == StatusCode::kAlreadyExists) {
    SetResource(call, "payload_index", in.index().path());
  }
  return status;
}

Status DropIndex(Call& call, v1::DropPayloadIndexRequest& in, v1::DropPayloadIndexResponse*) {
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SetResource(call, "payload_index", in.path());
  return collection->DropPayloadIndex(in.path());
}

using Base = v1::CollectionService;
using RawMethods =
    Base::WithRawCallbackMethod_CreateCollection<Base::WithRawCallbackMethod_GetCollection<
        Base::WithRawCallbackMethod_ListCollections<Base::WithRawCallbackMethod_UpdateCollection<
            Base::WithRawCallbackMethod_DropCollection<Base::WithRawCallbackMethod_SetAlias<
                Base::WithRawCallbackMethod_DropAlias<Base::WithRawCallbackMethod_ListAliases<
                    Base::WithRawCallbackMethod_CreatePayloadIndex<
                        Base::WithRawCallbackMethod_DropPayloadIndex<Base::Service>>>>>>>>>>;

class CollectionService final : public RawMethods {
 public:
  explicit CollectionService(ServiceState& state) : state_(state) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateCollection(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Create, state_, Method::kCreateCollection, context, in, out);
  }
  Reactor* GetCollection(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Get, state_, Method::kGetCollection, context, in, out);
  }
  Reactor* ListCollections(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&List, state_, Method::kListCollections, context, in, out);
  }
  Reactor* UpdateCollection(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Update, state_, Method::kUpdateCollection, context, in, out);
  }
  Reactor* DropCollection(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Drop, state_, Method::kDropCollection, context, in, out);
  }
  Reactor* SetAlias(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&server::SetAlias, state_, Method::kSetAlias, context, in, out);
  }
  Reactor* DropAlias(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&server::DropAlias, state_, Method::kDropAlias, context, in, out);
  }
  Reactor* ListAliases(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&server::ListAliases, state_, Method::kListAliases, context, in, out);
  }
  Reactor* CreatePayloadIndex(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&CreateIndex, state_, Method::kCreatePayloadIndex, context, in, out);
  }
  Reactor* DropPayloadIndex(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&DropIndex, state_, Method::kDropPayloadIndex, context, in, out);
  }

  ServiceState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCollectionService(ServiceState& state) {
  return std::make_unique<CollectionService>(state);
}

}  // namespace sagitta::server
