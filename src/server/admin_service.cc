#include "server/admin_service.h"

#include "base/log.h"
#include "server/convert_admin.h"
#include "server/progress_call.h"
#include "server/unary_call.h"

namespace sagitta::server {
namespace {

Status AddStats(Call& call, const std::string& name, v1::GetStatsResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(name));
  SAGITTA_ASSIGN_OR_RETURN(CollectionStats stats, collection->Stats());
  ToProto(stats, out->add_collections());
  return Status::Ok();
}

Status Stats(Call& call, v1::GetStatsRequest& in, v1::GetStatsResponse* out) {
  ToProto(call.database.Memory(), out->mutable_memory());
  if (!in.collection().empty()) return AddStats(call, in.collection(), out);
  for (const CollectionSchema& schema : call.database.ListCollections()) {
    const Status status = AddStats(call, schema.name, out);
    // One that was dropped meanwhile, or is damaged, hides no other.
    if (!status.ok()) base::LogWarn("no statistics of {}: {}", schema.name, status.ToString());
  }
  return Status::Ok();
}

Status StartCompact(Call& call, v1::CompactRequest& in, v1::CompactResponse*) {
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  return collection->Compact();
}

Status Compaction(Call& call, v1::GetCompactionRequest&, v1::GetCompactionResponse* out) {
  ToProto(call.database.Compaction(), out);
  return Status::Ok();
}

Status Pause(Call& call, v1::PauseCompactionRequest& in, v1::PauseCompactionResponse*) {
  call.database.PauseCompaction(in.paused());
  base::LogInfo("compaction {}", in.paused() ? "paused" : "resumed");
  return Status::Ok();
}

Status Create(Call& call, v1::CreateSnapshotRequest& in, v1::CreateSnapshotResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SAGITTA_ASSIGN_OR_RETURN(SnapshotInfo info, collection->CreateSnapshot());
  ToProto(info, out->mutable_snapshot());
  return Status::Ok();
}

Status List(Call& call, v1::ListSnapshotsRequest&, v1::ListSnapshotsResponse* out) {
  SAGITTA_ASSIGN_OR_RETURN(auto snapshots, call.database.ListSnapshots());
  for (const SnapshotInfo& info : snapshots) ToProto(info, out->add_snapshots());
  return Status::Ok();
}

// Ids are UUIDs that the server made: nothing else reaches a file name.
Status CheckSnapshotId(Call& call, const std::string& id) {
  auto uuid = Uuid::Parse(id);
  if (!uuid.ok()) return Status::InvalidArgument("snapshot_id", uuid.status().message());
  call.resource_type = "snapshot";
  call.resource_name = id;
  return Status::Ok();
}

Status Restore(Call& call, v1::RestoreSnapshotRequest& in, v1::RestoreSnapshotResponse*) {
  SAGITTA_RETURN_IF_ERROR(CheckSnapshotId(call, in.snapshot_id()));
  SAGITTA_RETURN_IF_ERROR(ValidateName("collection", in.collection()));
  return call.database.RestoreSnapshot(in.snapshot_id(), in.collection());
}

Status Delete(Call& call, v1::DeleteSnapshotRequest& in, v1::DeleteSnapshotResponse*) {
  SAGITTA_RETURN_IF_ERROR(CheckSnapshotId(call, in.snapshot_id()));
  return call.database.DeleteSnapshot(in.snapshot_id());
}

Status LogLevelOf(Call&, v1::GetLogLevelRequest&, v1::GetLogLevelResponse* out) {
  out->set_level(std::string(base::LogLevel()));
  return Status::Ok();
}

Status ChangeLogLevel(Call&, v1::SetLogLevelRequest& in, v1::SetLogLevelResponse*) {
  const Status status = base::SetLogLevel(in.level());
  if (!status.ok()) return Status::InvalidArgument("level", status.message());
  return Status::Ok();
}

Status Version(Call&, v1::GetVersionRequest&, v1::GetVersionResponse* out) {
  ToProto(Database::Version(), out);
  return Status::Ok();
}

using Base = v1::AdminService;
using RawMethods = Base::WithRawCallbackMethod_GetStats<Base::WithRawCallbackMethod_Compact<
    Base::WithRawCallbackMethod_WaitIndexed<Base::WithRawCallbackMethod_GetCompaction<
        Base::WithRawCallbackMethod_PauseCompaction<Base::WithRawCallbackMethod_CreateSnapshot<
            Base::WithRawCallbackMethod_ListSnapshots<Base::WithRawCallbackMethod_RestoreSnapshot<
                Base::WithRawCallbackMethod_DeleteSnapshot<
                    Base::WithRawCallbackMethod_GetLogLevel<Base::WithRawCallbackMethod_SetLogLevel<
                        Base::WithRawCallbackMethod_GetVersion<
                            Base::WithRawCallbackMethod_RecommendStorage<Base::Service>>>>>>>>>>>>>;

class AdminService final : public RawMethods {
 public:
  explicit AdminService(ServiceState& state) : state_(state) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* GetStats(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Stats, state_, Method::kGetStats, context, in, out);
  }
  Reactor* Compact(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&StartCompact, state_, Method::kCompact, context, in, out);
  }
  grpc::ServerWriteReactor<Bytes>* WaitIndexed(Context* context, const Bytes* in) override {
    return StartProgressCall(WaitIndexedWork(), state_, context, in);
  }
  grpc::ServerWriteReactor<Bytes>* RecommendStorage(Context* context, const Bytes* in) override {
    return StartProgressCall(RecommendStorageWork(), state_, context, in);
  }
  Reactor* GetCompaction(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Compaction, state_, Method::kGetCompaction, context, in, out);
  }
  Reactor* PauseCompaction(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Pause, state_, Method::kPauseCompaction, context, in, out);
  }
  Reactor* CreateSnapshot(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Create, state_, Method::kCreateSnapshot, context, in, out);
  }
  Reactor* ListSnapshots(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&List, state_, Method::kListSnapshots, context, in, out);
  }
  Reactor* RestoreSnapshot(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Restore, state_, Method::kRestoreSnapshot, context, in, out);
  }
  Reactor* DeleteSnapshot(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Delete, state_, Method::kDeleteSnapshot, context, in, out);
  }
  Reactor* GetLogLevel(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&LogLevelOf, state_, Method::kGetLogLevel, context, in, out);
  }
  Reactor* SetLogLevel(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&ChangeLogLevel, state_, Method::kSetLogLevel, context, in, out);
  }
  Reactor* GetVersion(Context* context, const Bytes* in, Bytes* out) override {
    return StartUnary(&Version, state_, Method::kGetVersion, context, in, out);
  }

  ServiceState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAdminService(ServiceState& state) {
  return std::make_unique<AdminService>(state);
}

}  // namespace sagitta::server
