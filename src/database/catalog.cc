#include "database/catalog.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"

namespace sagitta::database {
namespace {

Status NoCollection(std::string_view name) {
  return Status::NotFound("there is no collection '" + std::string(name) + "'");
}

Status Damaged(const std::string& path, const std::string& what) {
  return Status::DataLoss("catalog " + path + ": " + what);
}

Result<Catalog::Stored> Parse(const std::string& path, const store::CatalogEntry& entry) {
  const auto uuid = Uuid::Parse(entry.uuid);
  // It becomes the name of a directory: nothing but a UUID may.
  if (!uuid.ok() || uuid->ToString() != entry.uuid) {
    return Damaged(path, "'" + entry.uuid.substr(0, 64) + "' is no collection's UUID");
  }
  auto schema = CollectionSchema::FromJson(entry.schema_json);
  if (schema.ok()) return Catalog::Stored{entry.uuid, std::move(*schema)};
  const std::string message =
      "schema of collection " + entry.uuid + ": " + schema.status().ToString();
  if (schema.status().code() == StatusCode::kFailedPrecondition) {
    return Status::FailedPrecondition("catalog " + path + ": " + message);
  }
  return Damaged(path, message);
}

}  // namespace

NameReservation::NameReservation(NameReservation&& other) noexcept
    : catalog_(std::exchange(other.catalog_, nullptr)), name_(std::move(other.name_)) {}

NameReservation::~NameReservation() {
  if (catalog_ != nullptr) catalog_->Release(name_);
}

Result<std::unique_ptr<Catalog>> Catalog::Open(const std::string& path,
                                               std::vector<Stored>* stored) {
  SAGITTA_ASSIGN_OR_RETURN(auto store, store::CatalogStore::Open(path));
  std::vector<store::CatalogEntry> entries;
  std::vector<std::pair<std::string, std::string>> aliases;
  SAGITTA_RETURN_IF_ERROR(store->Load(&entries, &aliases));
  std::set<std::string> names;
  std::map<std::string, std::string> names_by_uuid;
  for (const store::CatalogEntry& entry : entries) {
    SAGITTA_ASSIGN_OR_RETURN(Stored collection, Parse(path, entry));
    if (!names.insert(collection.schema.name).second) {
      return Damaged(path, "two collections have the name '" + collection.schema.name + "'");
    }
    names_by_uuid.emplace(collection.uuid, collection.schema.name);
    stored->push_back(std::move(collection));
  }
  std::unique_ptr<Catalog> catalog(new Catalog(std::move(store)));
  base::WriterLock lock(catalog->mu_);
  for (auto& [alias, uuid] : aliases) {
    const auto target = names_by_uuid.find(uuid);
    if (!ValidateName("alias", alias).ok() || target == names_by_uuid.end() ||
        names.contains(alias)) {
      return Damaged(path, "the alias '" + alias.substr(0, 64) + "' leads nowhere");
    }
    catalog->aliases_.emplace(std::move(alias), target->second);
  }
  return catalog;
}

void Catalog::Publish(std::shared_ptr<LiveCollection> collection) {
  std::string name = collection->schema()->name;
  base::WriterLock lock(mu_);
  collections_.insert_or_assign(std::move(name), std::move(collection));
}

Status Catalog::CheckFree(std::string_view name) const {
  const std::string quoted = "'" + std::string(name) + "'";
  if (collections_.contains(name)) return Status::AlreadyExists("there is a collection " + quoted);
  if (aliases_.contains(name)) return Status::AlreadyExists("there is an alias " + quoted);
  if (reserved_.contains(name)) {
    return Status::AlreadyExists("a collection " + quoted + " is just being made");
  }
  return Status::Ok();
}

Result<NameReservation> Catalog::Reserve(const std::string& name) {
  base::WriterLock lock(mu_);
  SAGITTA_RETURN_IF_ERROR(CheckFree(name));
  reserved_.insert(name);
  return NameReservation(this, name);
}

void Catalog::Release(const std::string& name) {
  base::WriterLock lock(mu_);
  reserved_.erase(name);
}

Status Catalog::Add(const NameReservation& name, std::shared_ptr<LiveCollection> collection) {
  base::MutexLock changing(changes_mu_);
  SAGITTA_FAULT("catalog.before_add");
  SAGITTA_RETURN_IF_ERROR(
      store_->PutCollection({collection->uuid(), collection->schema()->ToJson()}));
  base::WriterLock lock(mu_);
  collections_.emplace(name.name(), std::move(collection));
  return Status::Ok();
}

Result<std::shared_ptr<LiveCollection>> Catalog::Remove(std::string_view name) {
  base::MutexLock changing(changes_mu_);
  std::shared_ptr<LiveCollection> collection;
  std::vector<std::string> aliases;
  {
    base::ReaderLock lock(mu_);
    if (const auto it = collections_.find(name); it != collections_.end()) collection = it->second;
    if (collection == nullptr) {
      if (!aliases_.contains(name)) return NoCollection(name);
      return Status::NotFound("'" + std::string(name) +
                              "' is an alias; a collection is dropped by its own name");
    }
    for (const auto& [alias, target] : aliases_) {
      if (target == name) aliases.push_back(alias);
    }
  }
  SAGITTA_RETURN_IF_ERROR(store_->RemoveCollection(collection->uuid(), aliases));
  base::WriterLock lock(mu_);
  collections_.erase(collections_.find(name));
  for (const std::string& alias : aliases) aliases_.erase(alias);
  return collection;
}

Result<CollectionSchema> Catalog::Alter(LiveCollection& collection, const CollectionUse& use,
                                        const SchemaChange& change) {
  base::MutexLock changing(changes_mu_);
  const auto schema = collection.schema();
  {
    base::ReaderLock lock(mu_);
    const auto it = collections_.find(schema->name);
    // Else the write below would bring a dropped collection back.
    if (it == collections_.end() || it->second.get() != &collection) {
      return NoCollection(schema->name);
    }
  }
  SAGITTA_ASSIGN_OR_RETURN(CollectionSchema changed, change(*schema));
  if (changed == *schema) return changed;
  SAGITTA_RETURN_IF_ERROR(store_->PutCollection({collection.uuid(), changed.ToJson()}));
  collection.SetSchema(use, changed);
  return changed;
}

std::shared_ptr<LiveCollection> Catalog::FindLocked(std::string_view name) const {
  const auto alias = aliases_.find(name);
  const auto it = collections_.find(alias == aliases_.end() ? name : alias->second);
  return it == collections_.end() ? nullptr : it->second;
}

Result<std::shared_ptr<LiveCollection>> Catalog::Find(std::string_view name) const {
  base::ReaderLock lock(mu_);
  auto collection = FindLocked(name);
  if (collection == nullptr) return NoCollection(name);
  return collection;
}

std::vector<std::shared_ptr<LiveCollection>> Catalog::All() const {
  base::ReaderLock lock(mu_);
  std::vector<std::shared_ptr<LiveCollection>> all;
  for (const auto& [unused, collection] : collections_) all.push_back(collection);
  return all;
}

Status Catalog::SetAlias(std::string_view alias, std::string_view collection) {
  base::MutexLock changing(changes_mu_);
  std::shared_ptr<LiveCollection> target;
  {
    base::WriterLock lock(mu_);
    target = FindLocked(collection);
    if (target == nullptr) return NoCollection(collection);
    if (!aliases_.contains(alias)) {
      SAGITTA_RETURN_IF_ERROR(CheckFree(alias));
      reserved_.emplace(alias);
    }
  }
  NameReservation hold(this, std::string(alias));
  SAGITTA_RETURN_IF_ERROR(store_->PutAlias(std::string(alias), target->uuid()));
  std::string name = target->schema()->name;
  base::WriterLock lock(mu_);
  aliases_.insert_or_assign(std::string(alias), std::move(name));
  return Status::Ok();
}

Status Catalog::DropAlias(std::string_view alias) {
  base::MutexLock changing(changes_mu_);
  {
    base::ReaderLock lock(mu_);
    if (!aliases_.contains(alias)) {
      return Status::NotFound("there is no alias '" + std::string(alias) + "'");
    }
  }
  SAGITTA_RETURN_IF_ERROR(store_->RemoveAlias(std::string(alias)));
  base::WriterLock lock(mu_);
  aliases_.erase(aliases_.find(alias));
  return Status::Ok();
}

std::vector<AliasInfo> Catalog::Aliases() const {
  base::ReaderLock lock(mu_);
  std::vector<AliasInfo> aliases;
  for (const auto& [alias, collection] : aliases_) aliases.push_back({alias, collection});
  return aliases;
}

}  // namespace sagitta::database
