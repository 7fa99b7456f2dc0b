#include "engine/row_source.h"

#include <set>

#include "engine/run_tasks.h"
#include "tests/engine/read_world.h"
#include "tests/filter/random_filters.h"

namespace sagitta::engine {
namespace {

CollectionSchema Schema(uint32_t shards = 1) {
  CollectionSchema schema;
  schema.name = "c";
  schema.shards = shards;
  schema.fields = {{.name = "v", .dim = 1}};
  return schema;
}

Point MakePoint(uint64_t id, Payload payload = {}, int64_t expires_at_ms = 0) {
  Point point;
  point.id = id;
  point.vectors["v"] = VectorValue(std::vector<float>{1});
  point.payload = std::move(payload);
  point.expires_at_ms = expires_at_ms;
  return point;
}

LiveRowsResult MustFind(const ShardView& view, size_t segment,
                        const std::optional<Filter>& filter = std::nullopt,
                        filter::EvaluateInfo* info = nullptr) {
  filter::EvaluateInfo ignored;
  auto found = FindLiveRows(view, view.segments[segment], filter, CancelToken(),
                            info == nullptr ? &ignored : info);
  EXPECT_TRUE(found.ok()) << found.status().ToString();
  return found.ok() ? std::move(*found) : LiveRowsResult();
}

TEST(FindLiveRows, IsNullWhereEveryRowPasses) {
  ReadWorld world(Schema());
  for (uint64_t i = 0; i < 70; ++i) {
    world.Upsert(MakePoint(i, {{"n", 1}}, i == 3 ? ReadWorld::kNow + 1 : 0));
  }
  const auto views = world.Views();
  LiveRowsResult rows = MustFind(views[0], 0);
  EXPECT_EQ(rows.rows, nullptr);
  EXPECT_EQ(rows.count, 70u);
  rows = MustFind(views[0], 0, Filter::Equals("n", 1));
  EXPECT_EQ(rows.rows, nullptr);
  EXPECT_EQ(rows.count, 70u);
  rows = MustFind(views[0], 0, Filter::Equals("n", 2));
  ASSERT_NE(rows.rows, nullptr);
  EXPECT_EQ(rows.count, 0u);
  EXPECT_EQ(rows.live, 70u);
}

TEST(FindLiveRows, SharesWhatIsAliveUntilARowDies) {
  ReadWorld world(Schema());
  for (uint64_t i = 0; i < 100; ++i) world.Upsert(MakePoint(i));
  world.Seal(0);
  world.Delete(uint64_t{17});
  const auto before = world.Views();
  const LiveRowsResult first = MustFind(before[0], 0);
  ASSERT_NE(first.rows, nullptr);
  EXPECT_EQ(first.rows, MustFind(world.Views()[0], 0).rows) << "no copy for each search";
  EXPECT_EQ(first.count, 99u);
  world.Delete(uint64_t{50});
  const LiveRowsResult second = MustFind(world.Views()[0], 0);
  EXPECT_EQ(second.count, 98u);
  EXPECT_EQ(MustFind(before[0], 0).count, 99u) << "the older view stays as it is";
  EXPECT_EQ(first.rows->Count(), 99u);
}

TEST(FindLiveRows, LeavesOutWhatHasExpired) {
  for (const bool sealed : {false, true}) {
    ReadWorld world(Schema());
    for (uint64_t i = 0; i < 100; ++i) {
      world.Upsert(MakePoint(i, {}, i < 10 ? ReadWorld::kNow : i < 20 ? ReadWorld::kNow + 1 : 0));
    }
    if (sealed) world.Seal(0);
    world.Delete(uint64_t{5});
    world.Delete(uint64_t{99});
    const LiveRowsResult rows = MustFind(world.Views()[0], 0);
    EXPECT_EQ(rows.count, 89u);
    EXPECT_EQ(rows.rows->Count(), 89u);
    EXPECT_EQ(rows.live, 89u);
    EXPECT_FALSE(rows.Test(9));
    EXPECT_TRUE(rows.Test(10));
  }
}

TEST(FindLiveRows, EqualsTheModelForRandomFilters) {
  for (uint64_t seed = 100; seed < 106; ++seed) {
    RandomWorld random(seed);
    random.Change(400);
    const auto views = random.world().Views();
    for (int i = 0; i < 20; ++i) {
      const auto filter = random.RandomFilter();
      const auto matching = random.world().Matching(filter);
      const std::set<PointId> expected(matching.begin(), matching.end());
      size_t found = 0;
      for (const SegmentRef& ref : AllSegments(views)) {
        filter::EvaluateInfo info;
        const auto rows = FindLiveRows(*ref.view, *ref.segment, filter, CancelToken(), &info);
        ASSERT_TRUE(rows.ok()) << rows.status().ToString();
        size_t passing = 0;
        for (uint32_t row = 0; row < ref.segment->rows; ++row) {
          if (!rows->Test(row)) continue;
          ++passing;
          EXPECT_TRUE(expected.contains(*PointId::Decode(ref.segment->segment->ext_key(row))));
        }
        EXPECT_EQ(passing, rows->count);
        found += passing;
      }
      EXPECT_EQ(found, expected.size()) << "seed " << seed << ", filter " << i;
    }
  }
}

TEST(FindLiveRows, OfAllGathersWhatWasScanned) {
  CollectionSchema schema = Schema(2);
  schema.indexes = {{"a", PayloadIndexKind::kInt64}};
  ReadWorld world(schema);
  for (int64_t i = 0; i < 40; ++i) {
    world.Upsert(MakePoint(static_cast<uint64_t>(i), {{"a", i}, {"b", i}}));
  }
  world.Seal(0);
  world.Seal(1);
  const std::optional<Filter> filter = Filter::Range("a", Filter::Bound{10, true}, std::nullopt);
  filter::EvaluateInfo info;
  auto views = world.Views();
  ASSERT_OK(FindLiveRowsOfAll(AllSegments(views), filter, nullptr, CancelToken(), &info).status());
  EXPECT_FALSE(info.scanned);
  world.DropIndex(1, 0, "a");
  views = world.Views();
  const auto rows = FindLiveRowsOfAll(AllSegments(views), filter, nullptr, CancelToken(), &info);
  ASSERT_OK(rows.status());
  EXPECT_TRUE(info.scanned) << "one segment has no index yet";
  EXPECT_EQ(info.unindexed, std::set<std::string>{"a"});
  EXPECT_EQ((*rows)[0].count + (*rows)[1].count, 30u);
  CancelToken cancelled = CancelToken::Manual();
  cancelled.Cancel();
  EXPECT_EQ(
      FindLiveRowsOfAll(AllSegments(views), filter, nullptr, cancelled, &info).status().code(),
      StatusCode::kCancelled);
}

TEST(SegmentRowSource, MarksIdsOfTheViewOnly) {
  ReadWorld world(Schema());
  for (uint64_t i = 0; i < 20; ++i) world.Upsert(MakePoint(i));
  world.Seal(0);
  const auto views = world.Views();
  world.Upsert(MakePoint(3));  // moves to another row
  world.Delete(uint64_t{4});
  ResolvedIds resolved;
  const std::vector<PointId> ids = {uint64_t{3}, uint64_t{4}, uint64_t{3}, uint64_t{77}};
  for (ResolvedIds* shared : {static_cast<ResolvedIds*>(nullptr), &resolved, &resolved}) {
    base::Bitset rows(20);
    ASSERT_OK(SegmentRowSource(views[0], views[0].segments[0], shared).MarkIds(ids, &rows));
    EXPECT_EQ(rows.Count(), 2u);
    EXPECT_TRUE(rows.Test(3) && rows.Test(4));
  }
}

TEST(RunTasks, ReturnsTheFirstFailure) {
  base::ThreadPool pool("tasks", 3, 10);
  for (const bool parallel : {false, true}) {
    std::vector<int> calls(50);
    EXPECT_TRUE(RunTasks(&pool, parallel, calls.size(), [&](size_t i) {
                  ++calls[i];
                  return Status::Ok();
                }).ok());
    EXPECT_EQ(calls, std::vector<int>(50, 1));
    const Status status = RunTasks(&pool, parallel, calls.size(), [&](size_t i) {
      return i < 20 ? Status::Ok() : Status::Internal("task failed");
    });
    EXPECT_EQ(status.message(), "task failed");
  }
}

}  // namespace
}  // namespace sagitta::engine
