#include "database/database_impl.h"

#include <algorithm>
#include <limits>

#include "base/file.h"
#include "base/log.h"
#include "database/model_use.h"
#include "database/no_throw.h"
#include "database/schema_change.h"
#include "index/graph_costs.h"

namespace sagitta::database {
namespace {

constexpr uint32_t kMaxThreads = 1024;
// Searches that wait for a thread: each brings its own, so that a queue beyond this is no use.
constexpr size_t kSearchQueue = 4096;
constexpr uint32_t kStoreThreads = 2;
constexpr uint64_t kMinCacheBytes = 32ull << 20;
constexpr uint64_t kMaxCacheBytes = 1ull << 30;

Status CheckThreads(const char* field, uint32_t threads) {
  if (threads <= kMaxThreads) return Status::Ok();
  return Status::InvalidArgument(field, "is " + std::to_string(threads) + "; 0 to " +
                                            std::to_string(kMaxThreads) + " are allowed");
}

uint64_t MemoryLimit(const DatabaseOptions& options) {
  if (options.memory_limit_bytes != 0) return options.memory_limit_bytes;
  return base::AvailableMemoryBytes() / 5 * 4;
}

uint64_t CacheBytes(uint64_t memory_limit) {
  return std::clamp(memory_limit / 8, kMinCacheBytes, kMaxCacheBytes);
}

uint32_t SearchThreads(const DatabaseOptions& options) {
  return options.search_threads != 0 ? options.search_threads : base::AvailableCores();
}

uint32_t CompactionThreads(const DatabaseOptions& options) {
  return options.compaction_threads != 0 ? options.compaction_threads
                                         : std::min(4u, base::AvailableCores());
}

// A directory that never became a collection's.
void RemoveUnused(const std::string& directory) {
  const Status status = base::RemoveTree(directory);
  if (!status.ok())
    base::LogWarn("{} stays until the next start: {}", directory, status.ToString());
}

}  // namespace

DatabaseImpl::DatabaseImpl(const DatabaseOptions& options, std::unique_ptr<DataDirectory> directory)
    : directory_(std::move(directory)),
      memory_(MemoryLimit(options)),
      search_pool_("search", SearchThreads(options), kSearchQueue) {
  const uint64_t cache = CacheBytes(memory_.limit());
  // The cache counts against the limit, except where a tiny limit would leave nothing to write
  // into.
  if (cache <= memory_.limit() / 2) memory_.ForceReserve(cache);
  engine_.store = store::StoreResources::Create(cache, kStoreThreads);
  engine_.memory = &memory_;
  engine_.search_pool = &search_pool_;
  engine_.min_free_disk_bytes = options.min_free_disk_bytes;
  compactor_ = compactor::Compactor::Create({.threads = CompactionThreads(options),
                                             .memory = &memory_,
                                             .paused = options.compaction_paused});
  snapshots_ = std::make_unique<Snapshots>(directory_->snapshots());
}

Result<std::unique_ptr<Database>> DatabaseImpl::Open(const DatabaseOptions& options) {
  SAGITTA_RETURN_IF_ERROR(CheckThreads("search_threads", options.search_threads));
  SAGITTA_RETURN_IF_ERROR(CheckThreads("compaction_threads", options.compaction_threads));
  SAGITTA_ASSIGN_OR_RETURN(auto directory,
                           DataDirectory::Open(options.path, options.create_if_missing));
  base::LogInfo("nanoseconds that searches reckon with: {}",
                index::CalibrateGraphCosts().ToString());
  std::unique_ptr<DatabaseImpl> database(new DatabaseImpl(options, std::move(directory)));
  SAGITTA_ASSIGN_OR_RETURN(database->models_, ModelStore::Open(database->directory_->models()));
  database->engine_.codecs = database->models_.get();
  SAGITTA_RETURN_IF_ERROR(database->OpenCollections());
  SAGITTA_ASSIGN_OR_RETURN(database->trainer_, Trainer::Open(database->directory_->trainings(),
                                                             {.catalog = database->catalog_.get(),
                                                              .models = database->models_.get(),
                                                              .log = &database->compactor_->log(),
                                                              .memory = &database->memory_}));
  return std::unique_ptr<Database>(std::move(database));
}

Status DatabaseImpl::OpenCollections() {
  std::vector<Catalog::Stored> stored;
  SAGITTA_ASSIGN_OR_RETURN(catalog_, Catalog::Open(directory_->catalog(), &stored));
  std::set<std::string> known;
  for (const Catalog::Stored& collection : stored) known.insert(collection.uuid);
  SAGITTA_RETURN_IF_ERROR(directory_->RemoveOrphans(known));
  SAGITTA_RETURN_IF_ERROR(snapshots_->RemoveLeftovers());
  std::vector<std::shared_ptr<LiveCollection>> opened(stored.size());
  search_pool_.ParallelFor(stored.size(), 0,
                           [&](size_t i) { opened[i] = OpenCollection(stored[i]); });
  for (auto& collection : opened) catalog_->Publish(std::move(collection));
  return Status::Ok();
}

std::shared_ptr<LiveCollection> DatabaseImpl::OpenCollection(const Catalog::Stored& stored) const {
  const std::string directory = directory_->collection(stored.uuid);
  auto core = NoThrow([&] {
    return engine::CollectionCore::Open(directory, stored.schema, engine_, /*create=*/false);
  });
  if (!core.ok()) {
    base::LogError("collection {} stays closed: {}", stored.schema.name, core.status().ToString());
    return std::make_shared<LiveCollection>(stored.uuid, directory, stored.schema, nullptr,
                                            core.status());
  }
  compactor_->Add(*core, stored.schema.name);
  return std::make_shared<LiveCollection>(stored.uuid, directory, stored.schema, std::move(*core),
                                          Status());
}

DatabaseImpl::~DatabaseImpl() {
  trainer_.reset();
  std::vector<std::shared_ptr<LiveCollection>> collections;
  if (catalog_ != nullptr) collections = catalog_->All();
  for (const auto& collection : collections) {
    collection->Refuse(Status::Unavailable("the database is closed"));
  }
  search_pool_.ParallelFor(collections.size(), 0,
                           [&](size_t i) { collections[i]->Close(*compactor_); });
}

DatabaseParts DatabaseImpl::parts() const {
  return {.catalog = catalog_.get(),
          .compactor = compactor_.get(),
          .snapshots = snapshots_.get(),
          .models = models_.get(),
          .memory = &memory_};
}

Result<std::shared_ptr<LiveCollection>> DatabaseImpl::AddCollection(const NameReservation& name,
                                                                    const std::string& uuid,
                                                                    const CollectionSchema& schema,
                                                                    bool create) {
  const std::string directory = directory_->collection(uuid);
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(directory));
  auto core = engine::CollectionCore::Open(directory, schema, engine_, create);
  Status status = core.status();
  if (status.ok()) status = base::SyncDirectory(directory);
  if (!status.ok()) {
    if (core.ok()) (*core)->Stop();
    core = status;  // closes the shards
    RemoveUnused(directory);
    return status;
  }
  auto collection =
      std::make_shared<LiveCollection>(uuid, directory, schema, std::move(*core), Status());
  compactor_->Add(collection->core(), schema.name);
  status = catalog_->Add(name, collection);
  if (status.ok()) return collection;
  collection->Refuse(status);
  collection->Close(*compactor_);
  // The directory stays: after a failed write nobody knows whether the catalog has the collection.
  // The next start removes it if not.
  return status;
}

Result<std::shared_ptr<Collection>> DatabaseImpl::CreateCollection(const CollectionSchema& schema) {
  return NoThrow([&]() -> Result<std::shared_ptr<Collection>> {
    SAGITTA_RETURN_IF_ERROR(schema.Validate());
    const base::ReaderLock naming(naming_mu_);
    SAGITTA_RETURN_IF_ERROR(CheckModels(schema, *models_));
    SAGITTA_ASSIGN_OR_RETURN(const NameReservation name, catalog_->Reserve(schema.name));
    SAGITTA_ASSIGN_OR_RETURN(
        auto collection, AddCollection(name, Uuid::Random().ToString(), schema, /*create=*/true));
    return MakeCollectionHandle(std::move(collection), parts());
  });
}

Result<std::shared_ptr<Collection>> DatabaseImpl::GetCollection(std::string_view name) const {
  return NoThrow([&]() -> Result<std::shared_ptr<Collection>> {
    SAGITTA_RETURN_IF_ERROR(ValidateName("name", name));
    SAGITTA_ASSIGN_OR_RETURN(auto collection, catalog_->Find(name));
    return MakeCollectionHandle(std::move(collection), parts());
  });
}

std::vector<CollectionSchema> DatabaseImpl::ListCollections() const {
  std::vector<CollectionSchema> schemas;
  for (const auto& collection : catalog_->All()) schemas.push_back(*collection->schema());
  return schemas;
}

Result<CollectionSchema> DatabaseImpl::UpdateCollection(std::string_view name,
                                                        const CollectionUpdate& update) {
  return NoThrow([&]() -> Result<CollectionSchema> {
    SAGITTA_RETURN_IF_ERROR(ValidateName("name", name));
    SAGITTA_ASSIGN_OR_RETURN(const auto collection, catalog_->Find(name));
    SAGITTA_ASSIGN_OR_RETURN(const CollectionUse use, collection->Begin());
    const base::ReaderLock naming(naming_mu_);
    SAGITTA_ASSIGN_OR_RETURN(
        CollectionSchema changed,
        catalog_->Alter(*collection, use,
                        [&](const CollectionSchema& schema) -> Result<CollectionSchema> {
                          SAGITTA_ASSIGN_OR_RETURN(auto next, WithUpdate(schema, update));
                          SAGITTA_RETURN_IF_ERROR(CheckUpdatedModels(next, update, *models_));
                          return next;
                        }));
    compactor_->Wake();
    return changed;
  });
}

Status DatabaseImpl::DropCollection(std::string_view name) {
  return NoThrow([&] { return Drop(name); });
}

Status DatabaseImpl::Drop(std::string_view name) {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", name));
  SAGITTA_ASSIGN_OR_RETURN(const auto collection, catalog_->Remove(name));
  collection->Refuse(Status::NotFound("collection '" + std::string(name) + "' was dropped"));
  collection->Close(*compactor_);
  // It is dropped, whatever becomes of its files.
  RemoveUnused(collection->directory());
  return Status::Ok();
}

Status DatabaseImpl::SetAlias(std::string_view alias, std::string_view collection) {
  return NoThrow([&]() -> Status {
    SAGITTA_RETURN_IF_ERROR(ValidateName("alias", alias));
    SAGITTA_RETURN_IF_ERROR(ValidateName("collection", collection));
    return catalog_->SetAlias(alias, collection);
  });
}

Status DatabaseImpl::DropAlias(std::string_view alias) {
  return NoThrow([&]() -> Status {
    SAGITTA_RETURN_IF_ERROR(ValidateName("alias", alias));
    return catalog_->DropAlias(alias);
  });
}

std::vector<AliasInfo> DatabaseImpl::ListAliases() const { return catalog_->Aliases(); }

MemoryUse DatabaseImpl::Memory() const {
  return {.limit = memory_.limit(),
          .reserved = memory_.used(),
          .cache = engine_.store->CacheBytesUsed(),
          .process = base::ProcessResidentBytes()};
}

CompactionStatus DatabaseImpl::Compaction() const { return compactor_->Status(); }

void DatabaseImpl::PauseCompaction(bool paused) { compactor_->SetPaused(paused); }

Result<std::vector<SnapshotInfo>> DatabaseImpl::ListSnapshots() const {
  return NoThrow([&] { return snapshots_->List(); });
}

Status DatabaseImpl::RestoreSnapshot(std::string_view snapshot_id, std::string_view collection) {
  return NoThrow([&]() -> Status {
    SAGITTA_RETURN_IF_ERROR(ValidateName("collection", collection));
    return Restore(snapshot_id, std::string(collection));
  });
}

Status DatabaseImpl::Restore(std::string_view snapshot_id, const std::string& collection) {
  SAGITTA_ASSIGN_OR_RETURN(const NameReservation name, catalog_->Reserve(collection));
  const std::string uuid = Uuid::Random().ToString();
  auto schema = snapshots_->CopyTo(snapshot_id, directory_->collection(uuid));
  if (!schema.ok()) {
    RemoveUnused(directory_->collection(uuid));
    return schema.status();
  }
  schema->name = collection;
  const base::ReaderLock naming(naming_mu_);
  const Status models = CheckModels(*schema, *models_);
  if (!models.ok()) {
    RemoveUnused(directory_->collection(uuid));
    return Status::FailedPrecondition("the snapshot needs a model: " + models.ToString());
  }
  return AddCollection(name, uuid, *schema, /*create=*/false).status();
}

Status DatabaseImpl::DeleteSnapshot(std::string_view snapshot_id) {
  return NoThrow([&] { return snapshots_->Delete(snapshot_id); });
}

}  // namespace sagitta::database
