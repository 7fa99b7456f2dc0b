// Database: Sagitta's engine in the caller's process. `sagittad` serves this very interface.
//
//   auto db = sagitta::Database::Open({.path = "/var/lib/app/vectors"});
//   auto collection = (*db)->CreateCollection(schema);
//   (*collection)->Upsert({…}, {});
//   auto answer = (*collection)->Search({.target = sagitta::VectorValue(query), .k = 10}, {});
//
// Every method of Database and Collection is thread-safe. Nothing throws.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sagitta/admin.h"
#include "sagitta/model.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"
#include "sagitta/status.h"
#include "sagitta/tune.h"
#include "sagitta/write.h"

namespace sagitta {

struct DatabaseOptions {
  std::string path;  // data directory; made when absent
  bool create_if_missing = true;
  uint32_t search_threads = 0;      // 0 = one per core
  uint32_t compaction_threads = 0;  // 0 = one per core, at most 4; they run at low priority
  uint64_t memory_limit_bytes = 0;  // for mutable segments and caches; 0 = 80 % of what the machine
                                    // or control group has. Over it writes get RESOURCE_EXHAUSTED.
  uint64_t min_free_disk_bytes = 256ull << 20;  // writes are refused below this
  bool compaction_paused = false;
};

// A live collection. A handle stays valid after the collection is dropped: its methods then return
// NOT_FOUND.
class Collection {
 public:
  virtual ~Collection() = default;

  virtual CollectionSchema Schema() const = 0;

  // 1–10,000 points of distinct ids. INVALID_ARGUMENT names "points[i].…" and writes nothing.
  virtual Result<WriteResult> Upsert(std::vector<UpsertPoint> points, const WriteOptions&) = 0;
  // 1–10,000 ids; those not there are passed over.
  virtual Result<WriteResult> Delete(std::span<const PointId> ids, const WriteOptions&) = 0;
  virtual Result<WriteResult> DeleteByFilter(const Filter& filter, const WriteOptions&) = 0;
  virtual Result<WriteResult> UpdatePayload(const PayloadUpdate& update, const WriteOptions&) = 0;

  // Those that are there, in the order asked. 1–10,000 ids.
  virtual Result<std::vector<Point>> Get(std::span<const PointId> ids, const Select& select,
                                         const ReadOptions&) const = 0;
  virtual Result<ScrollPage> Scroll(const ScrollRequest& request, const ReadOptions&) const = 0;
  virtual Result<CountResult> Count(const std::optional<Filter>& filter,
                                    const ReadOptions&) const = 0;
  virtual Result<QueryResult> Search(const Query& query, const ReadOptions&) const = 0;
  // One result per query, in order; one bad query fails alone. 1–1,024 queries of 1,000,000 hits,
  // Σ(k + offset)·group_size, in all. Exact ones without filter or groups share the rows' reading,
  // and so do those of FLAT_CODES the codes'.
  virtual Result<std::vector<Result<QueryResult>>> SearchBatch(std::span<const Query> queries,
                                                               const ReadOptions&) const = 0;

  // Builds the index over all segments while serving; ALREADY_EXISTS when the path has one of
  // another kind.
  virtual Status CreatePayloadIndex(const PayloadIndex& index) = 0;
  virtual Status DropPayloadIndex(std::string_view path) = 0;

  virtual Result<CollectionStats> Stats() const = 0;

  // Asks the compactor to seal every row and to leave each shard with as few segments as settings
  // allow. Returns at once; see Database::Compaction() and WaitIndexed().
  virtual Status Compact() = 0;
  // Waits until the compactor has nothing left to do here. Seals first. `progress` (0–1) may be
  // empty.
  virtual Status WaitIndexed(const CancelToken& cancel,
                             const std::function<void(double)>& progress) = 0;

  // Measures ways to store a field on its own rows, and says which one to take; changes nothing.
  // Seconds to minutes, of one thread. INVALID_ARGUMENT names the field of the request, and the
  // least budget that something fits into; FAILED_PRECONDITION for fewer than 1,000 rows.
  virtual Result<StorageReport> RecommendStorage(const StorageRequest& request,
                                                 const CancelToken& cancel,
                                                 const std::function<void(double)>& progress) = 0;

  virtual Result<SnapshotInfo> CreateSnapshot() = 0;
};

class Database {
 public:
  // FAILED_PRECONDITION when another process has it open or a newer version wrote it; NOT_FOUND
  // when absent and not to be created; DATA_LOSS when its catalog is damaged. A damaged shard does
  // not fail the open: its collection's calls return DATA_LOSS naming the file, and other
  // collections go on.
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options);
  // Stops the compactor at a safe point, closes all files. Handles return UNAVAILABLE from then on.
  virtual ~Database() = default;

  // INVALID_ARGUMENT names a field's model that is not there or does not fit.
  virtual Result<std::shared_ptr<Collection>> CreateCollection(const CollectionSchema& schema) = 0;
  // By name or alias. NOT_FOUND when there is none.
  virtual Result<std::shared_ptr<Collection>> GetCollection(std::string_view name) const = 0;
  virtual std::vector<CollectionSchema> ListCollections() const = 0;
  virtual Result<CollectionSchema> UpdateCollection(std::string_view name,
                                                    const CollectionUpdate& update) = 0;
  virtual Status DropCollection(std::string_view name) = 0;

  // Points `alias` at `collection`, from wherever it pointed, in one step. ALREADY_EXISTS when a
  // collection has that name.
  virtual Status SetAlias(std::string_view alias, std::string_view collection) = 0;
  virtual Status DropAlias(std::string_view alias) = 0;
  virtual std::vector<AliasInfo> ListAliases() const = 0;

  virtual MemoryUse Memory() const = 0;
  // Jobs of the compactor, and trainings.
  virtual CompactionStatus Compaction() const = 0;
  virtual void PauseCompaction(bool paused) = 0;
  // Ends a training, which then never goes on. NOT_FOUND unless it waits or runs;
  // FAILED_PRECONDITION for the compactor's own jobs, which it would only start again.
  virtual Status CancelJob(uint64_t job) = 0;

  // Returns the job's id (see Compaction()) once the job will outlive a crash. What it publishes is
  // the next version of the name; whether it does is the job's note. INVALID_ARGUMENT names the
  // field of the request.
  virtual Result<uint64_t> TrainBinarizer(TrainBinarizerRequest request) = 0;
  // The same for an adapter. It begins anew where it is interrupted: it takes seconds to minutes.
  virtual Result<uint64_t> TrainAdapter(TrainAdapterRequest request) = 0;
  // By name and version. Damaged ones are left out, and say so when they are named.
  virtual std::vector<ModelInfo> ListModels() const = 0;
  // NOT_FOUND; DATA_LOSS naming the file, as all that name a model.
  virtual Result<ModelInfo> GetModel(const ModelRef& model) const = 0;
  virtual Result<std::string> ExportModel(const ModelRef& model) const = 0;
  // What ExportModel gave, as the next version of `name`. INVALID_ARGUMENT "bytes" when they are
  // damaged; then nothing has changed.
  virtual Result<ModelInfo> ImportModel(std::string_view name, std::string_view bytes) = 0;
  // On a sample of up to 11,000 vectors, the same each time; seconds. INVALID_ARGUMENT
  // "field" where its dim or metric is not the model's, "model" where it is an adapter.
  virtual Result<ModelEvaluation> EvaluateModel(const ModelRef& model, std::string_view collection,
                                                std::string_view field,
                                                const CancelToken& cancel) const = 0;
  // FAILED_PRECONDITION while a collection's settings name it. Segments that were coded by it keep
  // what they need. Calls that name an adapter are INVALID_ARGUMENT from then on.
  virtual Status DeleteModel(const ModelRef& model) = 0;

  virtual Result<std::vector<SnapshotInfo>> ListSnapshots() const = 0;
  // As a new collection named `collection`. DATA_LOSS naming the file when the snapshot is damaged,
  // FAILED_PRECONDITION when it needs a model that is not there; then nothing has changed.
  virtual Status RestoreSnapshot(std::string_view snapshot_id, std::string_view collection) = 0;
  virtual Status DeleteSnapshot(std::string_view snapshot_id) = 0;

  static VersionInfo Version();
};

}  // namespace sagitta
