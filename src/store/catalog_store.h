// CatalogStore: which collections and aliases a data directory holds, and its format version. One
// small RocksDB; every change is one synced write. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sagitta/status.h"

namespace sagitta::store {

struct CatalogEntry {
  std::string uuid;         // names the collection's directory
  std::string schema_json;  // CollectionSchema::ToJson()
};

class CatalogStore {
 public:
  // The newest format of a data directory that this build reads, and the one that it writes.
  static constexpr uint32_t kFormatVersion = 1;

  // FAILED_PRECONDITION when open elsewhere or written by a newer version; DATA_LOSS when damaged.
  static Result<std::unique_ptr<CatalogStore>> Open(const std::string& path);
  virtual ~CatalogStore() = default;

  virtual Status Load(std::vector<CatalogEntry>* collections,
                      std::vector<std::pair<std::string, std::string>>* aliases) const = 0;
  virtual Status PutCollection(const CatalogEntry& entry) = 0;
  // Also removes the aliases given, in the same write.
  virtual Status RemoveCollection(const std::string& uuid,
                                  const std::vector<std::string>& aliases) = 0;
  virtual Status PutAlias(const std::string& alias, const std::string& collection_uuid) = 0;
  virtual Status RemoveAlias(const std::string& alias) = 0;
};

}  // namespace sagitta::store
