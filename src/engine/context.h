// What the shards of a process share. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "index/vector_index.h"
#include "sagitta/schema.h"
#include "store/shard_store.h"

namespace sagitta::engine {

// REQUIRES: what it points to outlives every shard.
struct EngineContext {
  std::shared_ptr<store::StoreResources> store;
  base::MemoryBudget* memory = nullptr;
  base::ThreadPool* search_pool = nullptr;
  uint64_t min_free_disk_bytes = 0;            // writes are refused below this
  const index::CodecSource* codecs = nullptr;  // of LEARNED codes; null = there are none
};

// A collection's schema as it is now; it changes when settings or payload indexes do.
class LiveSchema {
 public:
  explicit LiveSchema(CollectionSchema schema)
      : schema_(std::make_shared<const CollectionSchema>(std::move(schema))) {}
  std::shared_ptr<const CollectionSchema> Get() const {
    base::MutexLock lock(mu_);
    return schema_;
  }
  void Set(CollectionSchema schema) {
    auto next = std::make_shared<const CollectionSchema>(std::move(schema));
    base::MutexLock lock(mu_);
    schema_ = std::move(next);
  }

 private:
  mutable base::Mutex mu_;
  std::shared_ptr<const CollectionSchema> schema_ GUARDED_BY(mu_);
};

// `settings` with defaults in the place of zeros.
CompactionSettings WithDefaults(const CompactionSettings& settings);

// The shard, of `shards`, that holds the point of this key (PointId::Encode()). DO NOT CHANGE: it
// says where stored points are.
uint32_t RouteOf(std::string_view ext_key, uint32_t shards);

int64_t NowMs();  // Unix time

}  // namespace sagitta::engine
