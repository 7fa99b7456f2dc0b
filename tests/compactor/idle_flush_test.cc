#include "compactor/idle_flush.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

using std::chrono::milliseconds;

// Due at once, whatever there is.
constexpr IdleFlushRule kAtOnce{.after = milliseconds(0),
                                .memtable_bytes = 64u << 10,
                                .wal_bytes = 64u << 10,
                                .small_after = milliseconds(0),
                                .small_bytes = 64u << 10};

class IdleFlushTest : public ::testing::Test {
 protected:
  void TearDown() override { base::ClearFaults(); }
  uint64_t Memtables(size_t shard = 0) {
    return world_.shard(shard).state().store().MemtableBytes();
  }
  bool Run(const IdleFlushRule& rule) { return IdleFlush(rule).Run(world_.core(), "c", {}); }

  World world_{FastSchema(2)};
};

TEST_F(IdleFlushTest, FlushesEveryShardThatIsDue) {
  world_.Fill(0, 600);
  EXPECT_GT(Memtables(0), 64u << 10);
  EXPECT_GT(Memtables(1), 64u << 10);
  EXPECT_TRUE(Run(kAtOnce));
  EXPECT_LT(Memtables(0), 64u << 10);
  EXPECT_LT(Memtables(1), 64u << 10);
  EXPECT_LT(world_.core().Stats().space.disk_wal, 128u << 10);
  EXPECT_FALSE(Run(kAtOnce)) << "nothing is left to flush";
  world_.ExpectOracle();
  world_.Close();
  world_.Open(false);
  world_.ExpectOracle();
}

TEST_F(IdleFlushTest, LeavesAShardAloneThatIsWrittenTo) {
  world_.Fill(0, 600);
  IdleFlushRule rule = kAtOnce;
  rule.after = milliseconds(60'000);
  EXPECT_FALSE(Run(rule));
  EXPECT_GT(Memtables(), 64u << 10);
}

TEST_F(IdleFlushTest, WaitsLongerWhereThereIsLittle) {
  world_.Fill(0, 600);
  IdleFlushRule rule = kAtOnce;
  rule.memtable_bytes = rule.wal_bytes = 1u << 30;
  rule.small_after = milliseconds(60'000);
  EXPECT_FALSE(Run(rule));
  rule.wal_bytes = 16u << 10;
  EXPECT_TRUE(Run(rule)) << "a long log is reason enough";
  world_.Fill(0, 600);
  rule.wal_bytes = 1u << 30;
  rule.small_after = milliseconds(0);
  EXPECT_TRUE(Run(rule)) << "it has waited long enough";
  rule.small_bytes = 1u << 30;
  world_.Fill(0, 600);
  EXPECT_FALSE(Run(rule)) << "too little ever to be worth it";
}

TEST_F(IdleFlushTest, TriesAgainAfterAnError) {
  world_.Fill(0, 600);
  base::ArmFault("store.flush", base::FaultAction::kNoSpace);
  IdleFlush flush(kAtOnce);
  EXPECT_FALSE(flush.Run(world_.core(), "c", {}));
  base::ClearFaults();
  EXPECT_FALSE(flush.Run(world_.core(), "c", {})) << "not at once";
  EXPECT_GT(Memtables(), 64u << 10);
  EXPECT_TRUE(Run(kAtOnce));
}

// The compactor does it by itself, paused or not, without any job.
TEST_F(IdleFlushTest, TheCompactorFlushesWhatComesToRest) {
  CollectionSchema schema = FastSchema();
  schema.fields[0].dim = kDim;
  World world(schema);
  std::vector<UpsertPoint> points;
  for (uint64_t id = 0; id < 40; ++id) {
    points.push_back(PointOf(id, 0));
    points.back().point.payload["text"] = std::string(400'000, 'x');
  }
  ASSERT_TRUE(world.core().Upsert(std::move(points), {.durability = Durability::kOs}).ok());
  engine::ShardState& state = world.shard().state();
  EXPECT_GT(state.store().MemtableBytes(), IdleFlushRule().memtable_bytes);
  world.StartCompactor(/*paused=*/true);
  EXPECT_TRUE(Eventually([&] {
    return state.store().MemtableBytes() < (64u << 10) &&
           state.store().CountDisk().wal < (64u << 10);
  }));
  EXPECT_TRUE(world.Jobs().empty());
}

}  // namespace
}  // namespace sagitta::compactor::testing
