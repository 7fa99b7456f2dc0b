#include "server/methods.h"

#include <array>

namespace sagitta::server {
namespace {

constexpr std::string_view kCollections = "sagitta.v1.CollectionService";
constexpr std::string_view kPoints = "sagitta.v1.PointService";
constexpr std::string_view kQueries = "sagitta.v1.QueryService";
constexpr std::string_view kOperation = "sagitta.v1.AdminService";
constexpr std::string_view kModels = "sagitta.v1.ModelService";

using enum Scope;

constexpr std::array<MethodInfo, kMethods> kTable = {{
    {Method::kCreateCollection, kCollections, "CreateCollection", kAdmin, Pool::kAdmin, true},
    {Method::kGetCollection, kCollections, "GetCollection", kRead, Pool::kAdmin, true},
    {Method::kListCollections, kCollections, "ListCollections", kRead, Pool::kAdmin, true},
    {Method::kUpdateCollection, kCollections, "UpdateCollection", kAdmin, Pool::kAdmin, true},
    {Method::kDropCollection, kCollections, "DropCollection", kAdmin, Pool::kAdmin, true},
    {Method::kSetAlias, kCollections, "SetAlias", kAdmin, Pool::kAdmin, true},
    {Method::kDropAlias, kCollections, "DropAlias", kAdmin, Pool::kAdmin, true},
    {Method::kListAliases, kCollections, "ListAliases", kRead, Pool::kAdmin, true},
    {Method::kCreatePayloadIndex, kCollections, "CreatePayloadIndex", kAdmin, Pool::kAdmin, false},
    {Method::kDropPayloadIndex, kCollections, "DropPayloadIndex", kAdmin, Pool::kAdmin, true},
    {Method::kUpsert, kPoints, "Upsert", kWrite, Pool::kWrite, true},
    {Method::kUpsertStream, kPoints, "UpsertStream", kWrite, Pool::kWrite, false},
    {Method::kDelete, kPoints, "Delete", kWrite, Pool::kWrite, true},
    {Method::kUpdatePayload, kPoints, "UpdatePayload", kWrite, Pool::kWrite, true},
    {Method::kGet, kPoints, "Get", kRead, Pool::kQuery, true},
    {Method::kScroll, kPoints, "Scroll", kRead, Pool::kQuery, true},
    {Method::kCount, kPoints, "Count", kRead, Pool::kQuery, true},
    {Method::kQuery, kQueries, "Query", kRead, Pool::kQuery, true},
    {Method::kQueryBatch, kQueries, "QueryBatch", kRead, Pool::kQuery, true},
    {Method::kQueryStream, kQueries, "QueryStream", kRead, Pool::kQuery, false},
    {Method::kGetStats, kOperation, "GetStats", kRead, Pool::kAdmin, true},
    {Method::kCompact, kOperation, "Compact", kAdmin, Pool::kAdmin, true},
    {Method::kWaitIndexed, kOperation, "WaitIndexed", kAdmin, Pool::kWait, false},
    {Method::kGetCompaction, kOperation, "GetCompaction", kRead, Pool::kAdmin, true},
    {Method::kPauseCompaction, kOperation, "PauseCompaction", kAdmin, Pool::kAdmin, true},
    {Method::kCreateSnapshot, kOperation, "CreateSnapshot", kAdmin, Pool::kAdmin, false},
    {Method::kListSnapshots, kOperation, "ListSnapshots", kRead, Pool::kAdmin, true},
    {Method::kRestoreSnapshot, kOperation, "RestoreSnapshot", kAdmin, Pool::kAdmin, false},
    {Method::kDeleteSnapshot, kOperation, "DeleteSnapshot", kAdmin, Pool::kAdmin, true},
    {Method::kGetLogLevel, kOperation, "GetLogLevel", kRead, Pool::kAdmin, true},
    {Method::kSetLogLevel, kOperation, "SetLogLevel", kAdmin, Pool::kAdmin, true},
    {Method::kGetVersion, kOperation, "GetVersion", kRead, Pool::kAdmin, true},
    {Method::kRecommendStorage, kOperation, "RecommendStorage", kAdmin, Pool::kWait, false},
    {Method::kTrainBinarizer, kModels, "TrainBinarizer", kAdmin, Pool::kAdmin, true},
    {Method::kTrainAdapter, kModels, "TrainAdapter", kAdmin, Pool::kAdmin, true},
    {Method::kCancelJob, kModels, "CancelJob", kAdmin, Pool::kAdmin, true},
    {Method::kListModels, kModels, "ListModels", kRead, Pool::kAdmin, true},
    {Method::kGetModel, kModels, "GetModel", kRead, Pool::kAdmin, true},
    {Method::kExportModel, kModels, "ExportModel", kAdmin, Pool::kAdmin, true},
    {Method::kImportModel, kModels, "ImportModel", kAdmin, Pool::kAdmin, false},
    {Method::kEvaluateModel, kModels, "EvaluateModel", kAdmin, Pool::kWait, false},
    {Method::kDeleteModel, kModels, "DeleteModel", kAdmin, Pool::kAdmin, true},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<size_t>(kTable[i].method) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "the table is indexed by Method");

}  // namespace

const MethodInfo& InfoOf(Method method) { return kTable[static_cast<size_t>(method)]; }

std::span<const MethodInfo> AllMethods() { return kTable; }

std::string_view ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kRead:
      return "read";
    case Scope::kWrite:
      return "write";
    case Scope::kAdmin:
      return "admin";
  }
  return "";
}

}  // namespace sagitta::server
