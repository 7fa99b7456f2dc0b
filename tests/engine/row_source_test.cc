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

// The ids that a filter finds in all segments; `cached` counts the segments that knew them.
std::set<PointId> FindIds(const std::vector<ShardView>& views, const std::optional<Filter>& filter,
                          size_t* cached) {
  std::set<PointId> found;
  for (const SegmentRef& ref : AllSegments(views)) {
    filter::EvaluateInfo info;
    const auto rows = FindLiveRows(*ref.view, *ref.segment, filter, CancelToken(), &info);
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    if (!rows.ok()) return found;
    const size_t before = found.size();
    for (uint32_t row = 0; row < ref.segment->rows; ++row) {
      if (rows->Test(row)) found.insert(*PointId::Decode(ref.segment->segment->ext_key(row)));
    }
    EXPECT_EQ(found.size() - before, rows->count);
    *cached += rows->cached ? 1 : 0;
  }
  return found;
}

TEST(FindLiveRows, EqualsTheModelForRandomFilters) {
  size_t cached = 0;
  for (uint64_t seed = 100; seed < 106; ++seed) {
    RandomWorld random(seed);
    // The same filters are asked for again and again while rows die, in views new and old.
    std::vector<std::optional<Filter>> filters;
    for (int i = 0; i < 20; ++i) filters.push_back(random.RandomFilter());
    struct Asked {
      std::vector<ShardView> views;
      std::vector<std::set<PointId>> expected;  // by filter
    };
    std::vector<Asked> asked;
    for (int round = 0; round < 8; ++round) {
      random.Change(round == 0 ? 400 : 30);
      Asked now{random.world().Views(), {}};
      for (const auto& filter : filters) {
        const auto matching = random.world().Matching(filter);
        now.expected.emplace_back(matching.begin(), matching.end());
      }
      asked.push_back(std::move(now));
      const Asked& some = random.OneIn(3) ? asked[random.Below(asked.size())] : asked.back();
      for (size_t i = 0; i < filters.size(); ++i) {
        EXPECT_EQ(FindIds(some.views, filters[i], &cached), some.expected[i])
            << "seed " << seed << ", round " << round << ", filter " << i;
      }
    }
  }
  EXPECT_GT(cached, 100u);
}

TEST(FindLiveRows, KnowsAFilterThatIsAskedForAgain) {
  ReadWorld world(Schema());
  for (int64_t i = 0; i < 100; ++i) {
    world.Upsert(MakePoint(static_cast<uint64_t>(i), {{"n", i}}, i < 20 ? ReadWorld::kNow + 5 : 0));
  }
  const Filter filter = Filter::Range("n", Filter::Bound{10, true}, std::nullopt);
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(MustFind(world.Views()[0], 0, filter).cached) << "rows still come";
  }
  world.Seal(0);
  auto views = world.Views();
  filter::EvaluateInfo info;
  for (const bool cached : {false, false, true, true}) {
    info = {};
    const LiveRowsResult rows = MustFind(views[0], 0, filter, &info);
    EXPECT_EQ(rows.cached, cached);
    EXPECT_EQ(rows.count, 90u);
    EXPECT_TRUE(info.scanned);
    EXPECT_EQ(info.unindexed, std::set<std::string>{"n"});
  }
  EXPECT_GT(views[0].segments[0].segment->Stats().space.memory_filter_cache, 0u);
  views[0].now_ms = ReadWorld::kNow + 5;  // ten of them have expired
  for (int i = 0; i < 2; ++i) {
    const LiveRowsResult rows = MustFind(views[0], 0, filter);
    EXPECT_TRUE(rows.cached);
    EXPECT_EQ(rows.count, 80u);
    EXPECT_EQ(rows.live, 80u);
  }
  views[0].now_ms = ReadWorld::kNow;
  const LiveRowsResult earlier = MustFind(views[0], 0, filter);
  EXPECT_FALSE(earlier.cached) << "an older view has rows that the newer one did not look at";
  EXPECT_EQ(earlier.count, 90u);
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
