// A shard in a directory of its own, with writes that wait, for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/segment_rebuild.h"
#include "engine/shard.h"
#include "filter/payload_codec.h"
#include "kernels/kernels.h"
#include "tests/base/temp_directory.h"

namespace sagitta::engine::testing {

inline CollectionSchema SmallSchema() {
  CollectionSchema schema;
  schema.name = "c";
  schema.fields = {{.name = "v", .dim = 4}};
  schema.indexes = {{.path = "n", .kind = PayloadIndexKind::kInt64}};
  return schema;
}

class TestShard {
 public:
  explicit TestShard(CollectionSchema schema = SmallSchema(), uint64_t memory = 1ull << 30)
      : memory_(memory), live_(std::make_shared<LiveSchema>(std::move(schema))) {
    Open(true);
  }
  ~TestShard() { shard_.reset(); }

  Status TryOpen(bool create) {
    auto opened = Shard::Open({.path = directory_ / "shard",
                               .number = 0,
                               .context = {.store = resources_,
                                           .memory = &memory_,
                                           .search_pool = &pool_,
                                           .min_free_disk_bytes = 0},
                               .schema = live_,
                               .create = create});
    if (!opened.ok()) return opened.status();
    shard_ = std::move(*opened);
    return Status::Ok();
  }
  void Open(bool create) {
    const Status status = TryOpen(create);
    ASSERT_TRUE(status.ok()) << status.ToString();
    seq_ = std::max(seq_, shard_->state().applied_seq());
  }
  void Close() { shard_.reset(); }
  void Reopen() {
    Close();
    Open(false);
  }

  Shard& operator*() { return *shard_; }
  Shard* operator->() { return shard_.get(); }
  LiveSchema& live() { return *live_; }
  base::MemoryBudget& memory() { return memory_; }
  std::string path() const { return directory_ / "shard"; }

  static UpsertRow Row(uint64_t id, float first, int64_t number = 0, int64_t expires_at_ms = 0) {
    UpsertRow row;
    row.ext_key = PointId(id).Encode();
    const std::vector<float> vector = {first, 1, 2, 3};
    row.vectors = {{0, VectorValue(std::span<const float>(vector))}};
    row.payload = *filter::EncodePayload({{"n", number}});
    row.expires_at_ms = expires_at_ms;
    return row;
  }

  std::shared_ptr<ShardWrite> Start(std::shared_ptr<ShardWrite> write) {
    write->seq = ++seq_;
    write->done = std::make_shared<std::latch>(1);
    shard_->Enqueue(write);
    return write;
  }
  std::shared_ptr<ShardWrite> Apply(std::shared_ptr<ShardWrite> write) {
    Start(write)->done->wait();
    return write;
  }
  std::shared_ptr<ShardWrite> Upsert(std::vector<UpsertRow> rows, std::string request_id = "") {
    auto write = std::make_shared<ShardWrite>();
    write->upserts = std::move(rows);
    write->durability = Durability::kOs;
    write->request_id = std::move(request_id);
    return Apply(std::move(write));
  }
  std::shared_ptr<ShardWrite> Delete(std::vector<uint64_t> ids) {
    auto write = std::make_shared<ShardWrite>();
    for (const uint64_t id : ids) write->deletes.push_back({PointId(id).Encode()});
    write->durability = Durability::kOs;
    return Apply(std::move(write));
  }
  std::shared_ptr<ShardWrite> Update(std::vector<uint64_t> ids, PayloadChange change) {
    auto write = std::make_shared<ShardWrite>();
    for (const uint64_t id : ids) write->updates.push_back({PointId(id).Encode()});
    write->change = std::make_shared<PayloadChange>(std::move(change));
    write->durability = Durability::kOs;
    return Apply(std::move(write));
  }

  // Seals everything, as the compactor does.
  void SealAll() {
    shard_->Freeze();
    while (true) {
      auto rebuild = SegmentRebuild::PrepareSeal(shard_->state(), 0);
      ASSERT_TRUE(rebuild.ok()) << rebuild.status().ToString();
      if (*rebuild == nullptr) return;
      Run(**rebuild);
    }
  }
  void Rebuild(const std::vector<std::string>& ids) {
    auto rebuild = SegmentRebuild::PrepareRebuild(shard_->state(), ids);
    ASSERT_TRUE(rebuild.ok()) << rebuild.status().ToString();
    Run(**rebuild);
  }
  static void Run(SegmentRebuild& rebuild) {
    for (const Status& status : {rebuild.Write({}), rebuild.Verify({}), rebuild.Install()}) {
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
  }
  std::vector<std::string> SealedIds() const {
    std::vector<std::string> ids;
    for (const auto& segment : shard_->state().Segments()) {
      if (segment->sealed()) ids.push_back(segment->id());
    }
    return ids;
  }

  // What a reader sees: id → first element of its vector. Fails when an id is there twice.
  std::map<uint64_t, float> Visible() {
    std::map<uint64_t, float> points;
    const ShardView view = shard_->View();
    for (const SegmentView& segment : view.segments) {
      for (uint32_t row = 0; row < segment.rows; ++row) {
        if (segment.IsDead(row)) continue;
        const auto id = PointId::Decode(segment.segment->ext_key(row));
        float first;
        kernels::ToFloat(segment.segment->row_dtype(0))(segment.segment->vector(0, row), &first, 1);
        const bool fresh = points.emplace(std::get<uint64_t>(id.value().value()), first).second;
        EXPECT_TRUE(fresh) << id->ToString() << " is there twice";
      }
    }
    return points;
  }

 private:
  ::sagitta::testing::TempDirectory directory_;
  std::shared_ptr<store::StoreResources> resources_ = store::StoreResources::Create(32 << 20, 2);
  base::MemoryBudget memory_;
  base::ThreadPool pool_{"search", 2, 64};
  std::shared_ptr<LiveSchema> live_;
  std::shared_ptr<Shard> shard_;
  uint64_t seq_ = 0;
};

}  // namespace sagitta::engine::testing
