// Catalog: which collections and aliases there are, in memory and, through store::CatalogStore, on
// disk. A change is durable before it shows. Names of collections and of aliases share one space.
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "database/live_collection.h"
#include "sagitta/admin.h"
#include "store/catalog_store.h"

namespace sagitta::database {

class Catalog;

// A name that nobody else can take, while the collection that will have it is being made.
class NameReservation {
 public:
  NameReservation(NameReservation&& other) noexcept;
  NameReservation& operator=(NameReservation&&) = delete;
  ~NameReservation();

  const std::string& name() const { return name_; }

 private:
  friend class Catalog;
  NameReservation(Catalog* catalog, std::string name) : catalog_(catalog), name_(std::move(name)) {}

  Catalog* catalog_;
  std::string name_;
};

class Catalog {
 public:
  struct Stored {
    std::string uuid;
    CollectionSchema schema;
  };

  // `stored` gets the collections that are there, which the caller opens and gives to Publish().
  // DATA_LOSS when the catalog is damaged, FAILED_PRECONDITION when a newer version wrote it.
  static Result<std::unique_ptr<Catalog>> Open(const std::string& path,
                                               std::vector<Stored>* stored);
  void Publish(std::shared_ptr<LiveCollection> collection) EXCLUDES_LOCK(mu_);

  // ALREADY_EXISTS when a collection, an alias or another reservation has the name.
  Result<NameReservation> Reserve(const std::string& name) EXCLUDES_LOCK(mu_);
  // Makes the collection, whose name is reserved, durable and visible.
  Status Add(const NameReservation& name, std::shared_ptr<LiveCollection> collection)
      EXCLUDES_LOCK(changes_mu_, mu_);
  // Takes the collection of that very name, and all aliases of it, out. NOT_FOUND when there is
  // none.
  Result<std::shared_ptr<LiveCollection>> Remove(std::string_view name)
      EXCLUDES_LOCK(changes_mu_, mu_);
  // Puts what `change` makes of the collection's schema in force, durably. A change that returns
  // the schema as it was writes nothing. NOT_FOUND when the collection is dropped meanwhile.
  using SchemaChange = std::function<Result<CollectionSchema>(const CollectionSchema&)>;
  Result<CollectionSchema> Alter(LiveCollection& collection, const CollectionUse& use,
                                 const SchemaChange& change) EXCLUDES_LOCK(changes_mu_, mu_);

  // By name or alias. NOT_FOUND when there is none.
  Result<std::shared_ptr<LiveCollection>> Find(std::string_view name) const EXCLUDES_LOCK(mu_);
  std::vector<std::shared_ptr<LiveCollection>> All() const EXCLUDES_LOCK(mu_);  // by name

  // `collection` may be an alias too.
  Status SetAlias(std::string_view alias, std::string_view collection)
      EXCLUDES_LOCK(changes_mu_, mu_);
  Status DropAlias(std::string_view alias) EXCLUDES_LOCK(changes_mu_, mu_);
  std::vector<AliasInfo> Aliases() const EXCLUDES_LOCK(mu_);  // by alias

 private:
  friend class NameReservation;
  explicit Catalog(std::unique_ptr<store::CatalogStore> store) : store_(std::move(store)) {}

  Status Load(std::vector<Stored>* stored) EXCLUDES_LOCK(mu_);
  void Release(const std::string& name) EXCLUDES_LOCK(mu_);
  Status CheckFree(std::string_view name) const REQUIRES_SHARED_LOCK(mu_);
  std::shared_ptr<LiveCollection> FindLocked(std::string_view name) const REQUIRES_SHARED_LOCK(mu_);

  const std::unique_ptr<store::CatalogStore> store_;
  // Held over a change as a whole, its synced write included; mu_ only while the maps change, so
  // that calls to collections never wait for the disk.
  base::Mutex changes_mu_;
  mutable base::SharedMutex mu_;
  std::map<std::string, std::shared_ptr<LiveCollection>, std::less<>> collections_ GUARDED_BY(mu_);
  std::map<std::string, std::string, std::less<>> aliases_ GUARDED_BY(mu_);  // to names
  std::set<std::string, std::less<>> reserved_ GUARDED_BY(mu_);
};

}  // namespace sagitta::database
