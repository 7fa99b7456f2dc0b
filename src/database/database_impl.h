// DatabaseImpl: sagitta::Database: the data directory, what all collections share, and the
// collections. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/thread_pool.h"
#include "compactor/compactor.h"
#include "database/catalog.h"
#include "database/collection_handle.h"
#include "database/data_directory.h"
#include "database/model_store.h"
#include "database/snapshots.h"
#include "database/trainer.h"
#include "engine/context.h"
#include "sagitta/database.h"

namespace sagitta::database {

class DatabaseImpl final : public Database {
 public:
  static Result<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  ~DatabaseImpl() override;

  Result<std::shared_ptr<Collection>> CreateCollection(const CollectionSchema& schema) override;
  Result<std::shared_ptr<Collection>> GetCollection(std::string_view name) const override;
  std::vector<CollectionSchema> ListCollections() const override;
  Result<CollectionSchema> UpdateCollection(std::string_view name,
                                            const CollectionUpdate& update) override;
  Status DropCollection(std::string_view name) override;
  Status SetAlias(std::string_view alias, std::string_view collection) override;
  Status DropAlias(std::string_view alias) override;
  std::vector<AliasInfo> ListAliases() const override;
  MemoryUse Memory() const override;
  CompactionStatus Compaction() const override;
  void PauseCompaction(bool paused) override;
  Status CancelJob(uint64_t job) override;
  Result<uint64_t> TrainBinarizer(TrainBinarizerRequest request) override;
  Result<uint64_t> TrainAdapter(TrainAdapterRequest request) override;
  std::vector<ModelInfo> ListModels() const override;
  Result<ModelInfo> GetModel(const ModelRef& model) const override;
  Result<std::string> ExportModel(const ModelRef& model) const override;
  Result<ModelInfo> ImportModel(std::string_view name, std::string_view bytes) override;
  Result<ModelEvaluation> EvaluateModel(const ModelRef& model, std::string_view collection,
                                        std::string_view field,
                                        const CancelToken& cancel) const override;
  Status DeleteModel(const ModelRef& model) override;
  Result<std::vector<SnapshotInfo>> ListSnapshots() const override;
  Status RestoreSnapshot(std::string_view snapshot_id, std::string_view collection) override;
  Status DeleteSnapshot(std::string_view snapshot_id) override;

 private:
  DatabaseImpl(const DatabaseOptions& options, std::unique_ptr<DataDirectory> directory);

  Status OpenCollections();
  std::shared_ptr<LiveCollection> OpenCollection(const Catalog::Stored& stored) const;
  // Opens the shards in the directory of the new collection `uuid`, and puts it into the catalog.
  // Removes what it has made when that fails.
  Result<std::shared_ptr<LiveCollection>> AddCollection(const NameReservation& name,
                                                        const std::string& uuid,
                                                        const CollectionSchema& schema,
                                                        bool create);
  Status Restore(std::string_view snapshot_id, const std::string& collection);
  Status Drop(std::string_view name);
  Status Delete(const ModelRef& model) EXCLUDES_LOCK(naming_mu_);
  DatabaseParts parts() const;

  // Later members use earlier ones.
  const std::unique_ptr<DataDirectory> directory_;
  base::MemoryBudget memory_;
  base::ThreadPool search_pool_;
  engine::EngineContext engine_;
  std::unique_ptr<ModelStore> models_;
  // Shared while a schema that may name models comes in force, so that none of them is deleted.
  base::SharedMutex naming_mu_;
  std::unique_ptr<compactor::Compactor> compactor_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace sagitta::database
