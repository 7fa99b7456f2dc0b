#include "engine/read_points.h"

#include <set>

#include "tests/engine/read_world.h"

namespace sagitta::engine {
namespace {

const Select kAll{.payload = true, .payload_keys = {}, .vectors = true, .vector_fields = {}};

void ExpectSame(const Point& point, const Point& expected) {
  EXPECT_EQ(point.id, expected.id);
  EXPECT_EQ(point.payload, expected.payload) << point.id.ToString();
  EXPECT_EQ(point.vectors, expected.vectors) << point.id.ToString();
  EXPECT_EQ(point.version, expected.version) << point.id.ToString();
  EXPECT_EQ(point.expires_at_ms, expected.expires_at_ms) << point.id.ToString();
}

class ReadPointsTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override { random_.Change(500); }

  RandomWorld random_{GetParam()};
};

TEST_P(ReadPointsTest, GetReturnsThoseThatAreThereInTheOrderAsked) {
  const ReadWorld& world = random_.world();
  const auto views = world.Views();
  for (int round = 0; round < 10; ++round) {
    std::vector<PointId> ids;
    for (int i = 0; i < 60; ++i) ids.push_back(random_.RandomId());
    ids.push_back(ids.front());
    const auto points = GetPoints(world.schema(), views, ids, kAll);
    ASSERT_TRUE(points.ok()) << points.status().ToString();
    size_t next = 0;
    for (const PointId& id : ids) {
      const auto it = world.points().find(id);
      if (it == world.points().end() || !world.Alive(it->second)) continue;
      ASSERT_LT(next, points->size());
      ExpectSame((*points)[next++], it->second);
    }
    EXPECT_EQ(next, points->size());
  }
  const auto none = GetPoints(world.schema(), views, {}, kAll);
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

TEST_P(ReadPointsTest, CountsAndMatchesAsTheModel) {
  const ReadWorld& world = random_.world();
  const auto views = world.Views();
  base::ThreadPool pool("count", 2, 10);
  for (int i = 0; i < 20; ++i) {
    const auto filter = random_.RandomFilter();
    const auto expected = world.Matching(filter);
    const auto count = CountPoints(views, filter, &pool, CancelToken());
    ASSERT_TRUE(count.ok()) << count.status().ToString();
    EXPECT_EQ(count->count, expected.size());
    if (!filter) {
      EXPECT_FALSE(count->filter_scanned);
      continue;
    }
    std::set<PointId> matched;
    for (uint32_t shard = 0; shard < views.size(); ++shard) {
      const auto rows = MatchRows(views[shard], *filter, CancelToken());
      ASSERT_TRUE(rows.ok()) << rows.status().ToString();
      for (const MatchedRow& row : *rows) {
        const auto id = PointId::Decode(row.ext_key);
        ASSERT_TRUE(id.ok());
        EXPECT_EQ(world.ShardOf(*id), shard);
        EXPECT_TRUE(matched.insert(*id).second) << "twice";
        const auto rev = views[shard].store->FindRev(row.internal_id, views[shard].at.get());
        ASSERT_TRUE(rev.ok() && rev->has_value());
        EXPECT_EQ((*rev)->ext_key, row.ext_key);
      }
    }
    EXPECT_EQ(matched, std::set<PointId>(expected.begin(), expected.end()));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReadPointsTest, ::testing::Range<uint64_t>(200, 208));

TEST(GetPoints, SeesItsViewOnly) {
  CollectionSchema schema;
  schema.name = "c";
  schema.fields = {{.name = "v", .dim = 1}, {.name = "w", .dim = 1}};
  ReadWorld world(schema);
  Point point;
  point.id = std::string("a");
  point.vectors["v"] = VectorValue(std::vector<float>{1});
  point.vectors["w"] = VectorValue(std::vector<float>{2});
  point.payload = {{"n", 1}, {"deep", ValueObject{{"x", 2}, {"y", 3}}}};
  world.Upsert(point);
  const auto before = world.Views();
  Point changed = point;
  changed.payload = {{"n", 100}};
  changed.vectors.erase("w");
  world.Upsert(changed);
  const std::vector<PointId> ids = {point.id};

  auto points = GetPoints(schema, before, ids, kAll);
  ASSERT_TRUE(points.ok() && points->size() == 1);
  EXPECT_EQ((*points)[0].payload, point.payload);
  EXPECT_EQ((*points)[0].vectors, point.vectors);
  points = GetPoints(schema, world.Views(), ids, kAll);
  ASSERT_TRUE(points.ok() && points->size() == 1);
  EXPECT_EQ((*points)[0].payload, changed.payload);
  EXPECT_EQ((*points)[0].vectors, changed.vectors);

  points = GetPoints(schema, before, ids, {});
  ASSERT_TRUE(points.ok() && points->size() == 1);
  EXPECT_TRUE((*points)[0].payload.empty());
  EXPECT_TRUE((*points)[0].vectors.empty());
  const Select some{
      .payload = true, .payload_keys = {"deep.y"}, .vectors = true, .vector_fields = {"w"}};
  points = GetPoints(schema, before, ids, some);
  ASSERT_TRUE(points.ok() && points->size() == 1);
  EXPECT_EQ((*points)[0].payload, (Payload{{"deep", ValueObject{{"y", 3}}}}));
  EXPECT_EQ((*points)[0].vectors, (NamedVectors{{"w", point.vectors["w"]}}));
}

TEST(CountPoints, RefusesBadFiltersAndEndsWhenCancelled) {
  RandomWorld random(1);
  random.Change(20);
  const auto views = random.world().Views();
  EXPECT_EQ(CountPoints(views, Filter::Exists(""), nullptr, CancelToken()).status().field(),
            "filter.exists.path");
  const auto past = CancelToken::WithDeadline(std::chrono::steady_clock::now());
  EXPECT_EQ(CountPoints(views, Filter::Exists("a"), nullptr, past).status().code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_EQ(MatchRows(views[0], Filter::Exists("a"), past).status().code(),
            StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace sagitta::engine
