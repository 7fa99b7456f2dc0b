// Shared by the store's tests: opening with small caches, points made from a number.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sagitta/point.h"
#include "store/shard_store.h"

namespace sagitta::store {

inline std::shared_ptr<StoreResources> TestResources() {
  static const std::shared_ptr<StoreResources> resources = StoreResources::Create(32u << 20, 2);
  return resources;
}

inline std::unique_ptr<ShardStore> MustOpen(const std::string& path) {
  auto store = ShardStore::Open(path, TestResources());
  EXPECT_TRUE(store.ok()) << store.status().ToString();
  return store.ok() ? std::move(*store) : nullptr;
}

#define ASSERT_OK(expr)                              \
  do {                                               \
    const ::sagitta::Status status_ = (expr);        \
    ASSERT_TRUE(status_.ok()) << status_.ToString(); \
  } while (0)
#define EXPECT_OK(expr)                              \
  do {                                               \
    const ::sagitta::Status status_ = (expr);        \
    EXPECT_TRUE(status_.ok()) << status_.ToString(); \
  } while (0)

inline std::string KeyOf(uint64_t number) { return PointId(number).Encode(); }

// `dim` f32 elements that depend on row and field.
inline VectorValue VectorOf(uint64_t row, uint16_t field = 0, size_t dim = 160) {
  std::vector<float> values(dim);
  for (size_t i = 0; i < dim; ++i) values[i] = static_cast<float>(row * 31 + field * 7 + i);
  return VectorValue(values);
}

inline std::string PayloadOf(uint64_t row) { return "payload " + std::to_string(row); }

// One point of one field, logged and applied as the engine does.
inline Status PutOne(ShardStore& store, uint64_t id, uint64_t row, uint64_t seq,
                     int64_t expires_at_ms = 0, bool sync = true) {
  auto batch = store.NewBatch();
  const StoredVector vectors[] = {{0, VectorOf(row)}};
  batch->PutPoint(KeyOf(id), row, seq, expires_at_ms, vectors, PayloadOf(row));
  const LogOp ops[] = {{LogOp::Kind::kPut, row, 0}};
  batch->AppendLog(seq, ops);
  batch->SetApplied(seq, row + 1);
  return store.Commit(*batch, sync);
}

}  // namespace sagitta::store
