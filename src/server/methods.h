// Every RPC of ours, in one table: what it needs to be called, and where it runs. Immutable,
// thread-safe.
//
// A test walks all methods of the descriptor pool and fails when one is not here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sagitta::server {

enum class Scope : uint8_t { kRead = 1, kWrite = 2, kAdmin = 4 };

// Work of one kind cannot take the threads of another.
enum class Pool : uint8_t {
  kQuery,  // reads
  kWrite,
  kAdmin,  // short or rare: schemas, statistics, snapshots
  kWait,   // may take minutes: WaitIndexed, RecommendStorage, EvaluateModel
};

enum class Method : uint8_t {
  kCreateCollection,
  kGetCollection,
  kListCollections,
  kUpdateCollection,
  kDropCollection,
  kSetAlias,
  kDropAlias,
  kListAliases,
  kCreatePayloadIndex,
  kDropPayloadIndex,
  kUpsert,
  kUpsertStream,
  kDelete,
  kUpdatePayload,
  kGet,
  kScroll,
  kCount,
  kQuery,
  kQueryBatch,
  kQueryStream,
  kGetStats,
  kCompact,
  kWaitIndexed,
  kGetCompaction,
  kPauseCompaction,
  kCreateSnapshot,
  kListSnapshots,
  kRestoreSnapshot,
  kDeleteSnapshot,
  kGetLogLevel,
  kSetLogLevel,
  kGetVersion,
  kRecommendStorage,
  kTrainBinarizer,
  kTrainAdapter,
  kCancelJob,
  kListModels,
  kGetModel,
  kExportModel,
  kImportModel,
  kEvaluateModel,
  kDeleteModel,
};
inline constexpr size_t kMethods = static_cast<size_t>(Method::kDeleteModel) + 1;

struct MethodInfo {
  Method method;
  std::string_view service;  // "sagitta.v1.QueryService"
  std::string_view name;     // "Query"
  Scope scope;
  Pool pool;
  bool default_deadline;  // ends after the server's default where the client set none; long work
                          // does not
};

const MethodInfo& InfoOf(Method method);
// In the order of Method.
std::span<const MethodInfo> AllMethods();

std::string_view ScopeName(Scope scope);

}  // namespace sagitta::server
