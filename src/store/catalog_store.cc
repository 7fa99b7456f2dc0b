#include "store/catalog_store.h"

#include <rocksdb/db.h>
#include <rocksdb/table.h>

#include <map>

#include "base/bytes.h"
#include "base/mutex.h"
#include "store/family.h"
#include "store/keys.h"
#include "store/rocks_handle.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/value_codec.h"

namespace sagitta::store {
namespace {

constexpr char kCollectionPrefix = 'c';
constexpr char kAliasPrefix = 'n';

std::string PrefixedKey(char prefix, std::string_view name) {
  std::string key(1, prefix);
  key += name;
  return key;
}

RocksOpenSpec CatalogSpec(const std::string& path) {
  RocksOpenSpec spec;
  spec.path = path;
  spec.what = "catalog";
  spec.options = BaseDbOptions();
  spec.options.max_background_jobs = 2;
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 1u << 20;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kCRC32c;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  spec.families.emplace_back(rocksdb::kDefaultColumnFamilyName, options);
  spec.format_family = Family::kCatalog;
  spec.format_version = CatalogStore::kFormatVersion;
  return spec;
}

class RocksCatalogStore final : public CatalogStore {
 public:
  explicit RocksCatalogStore(std::unique_ptr<RocksHandle> handle) : handle_(std::move(handle)) {}

  Status Load(std::vector<CatalogEntry>* collections,
              std::vector<std::pair<std::string, std::string>>* aliases) const override {
    collections->clear();
    aliases->clear();
    std::unique_ptr<rocksdb::Iterator> it(
        handle_->db()->NewIterator(rocksdb::ReadOptions(), handle_->family(0)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const std::string_view key = ToView(it->key());
      SAGITTA_ASSIGN_OR_RETURN(const std::string_view body,
                               CheckValue(Family::kCatalog, key, ToView(it->value())));
      if (key == kFormatKey) continue;
      const std::string name(key.substr(1));
      if (key.starts_with(kCollectionPrefix)) {
        collections->push_back({name, std::string(body)});
      } else if (key.starts_with(kAliasPrefix)) {
        aliases->emplace_back(name, std::string(body));
      } else {
        return DamagedValue(Family::kCatalog, key, "malformed key");
      }
    }
    return FromRocks(it->status(), handle_->what());
  }

  Status PutCollection(const CatalogEntry& entry) override {
    rocksdb::WriteBatch batch;
    SAGITTA_RETURN_IF_ERROR(
        Put(&batch, PrefixedKey(kCollectionPrefix, entry.uuid), entry.schema_json));
    return Write(&batch, Reserve::kKept);
  }

  Status RemoveCollection(const std::string& uuid,
                          const std::vector<std::string>& aliases) override {
    rocksdb::WriteBatch batch;
    SAGITTA_RETURN_IF_ERROR(Delete(&batch, PrefixedKey(kCollectionPrefix, uuid)));
    for (const std::string& alias : aliases) {
      SAGITTA_RETURN_IF_ERROR(Delete(&batch, PrefixedKey(kAliasPrefix, alias)));
    }
    return Write(&batch, Reserve::kMayUse);
  }

  Status PutAlias(const std::string& alias, const std::string& collection_uuid) override {
    rocksdb::WriteBatch batch;
    SAGITTA_RETURN_IF_ERROR(Put(&batch, PrefixedKey(kAliasPrefix, alias), collection_uuid));
    return Write(&batch, Reserve::kKept);
  }

  Status RemoveAlias(const std::string& alias) override {
    rocksdb::WriteBatch batch;
    SAGITTA_RETURN_IF_ERROR(Delete(&batch, PrefixedKey(kAliasPrefix, alias)));
    return Write(&batch, Reserve::kMayUse);
  }

 private:
  Status Put(rocksdb::WriteBatch* batch, const std::string& key, std::string_view body) const {
    return FromRocks(batch->Put(handle_->family(0), key, EncodeValue(Family::kCatalog, key, body)),
                     handle_->what());
  }
  Status Delete(rocksdb::WriteBatch* batch, const std::string& key) const {
    return FromRocks(batch->Delete(handle_->family(0), key), handle_->what());
  }
  Status Write(rocksdb::WriteBatch* batch, Reserve reserve) EXCLUDES_LOCK(mu_) {
    base::MutexLock lock(mu_);
    return handle_->Write(batch, /*sync=*/true, reserve);
  }

  std::unique_ptr<RocksHandle> handle_;
  base::Mutex mu_;
};

}  // namespace

Result<std::unique_ptr<CatalogStore>> CatalogStore::Open(const std::string& path) {
  SAGITTA_ASSIGN_OR_RETURN(auto handle, RocksHandle::Open(CatalogSpec(path)));
  return std::unique_ptr<CatalogStore>(std::make_unique<RocksCatalogStore>(std::move(handle)));
}

}  // namespace sagitta::store
