#include <set>

#include "engine/filtered_ids.h"
#include "engine/read_points.h"
#include "tests/engine/read_world.h"

namespace sagitta::engine {
namespace {

const Select kAll{.payload = true, .payload_keys = {}, .vectors = true, .vector_fields = {}};

ScrollPage MustScroll(const ReadWorld& world, const ScrollRequest& request,
                      base::ThreadPool* pool = nullptr) {
  auto page = ScrollPoints(world.schema(), world.Views(), request, pool, CancelToken());
  EXPECT_TRUE(page.ok()) << page.status().ToString();
  return page.ok() ? std::move(*page) : ScrollPage();
}

// The ids of all pages together.
std::vector<PointId> ScrollAll(const ReadWorld& world, ScrollRequest request, bool* scanned) {
  std::vector<PointId> ids;
  *scanned = false;
  size_t pages = 0;
  do {
    const ScrollPage page = MustScroll(world, request);
    EXPECT_LE(page.points.size(), request.limit);
    *scanned |= page.filter_scanned;
    for (const Point& point : page.points) {
      ids.push_back(point.id);
      const Point& expected = world.points().at(point.id);
      EXPECT_EQ(point.version, expected.version);
      EXPECT_EQ(point.expires_at_ms, expected.expires_at_ms);
      EXPECT_EQ(point.payload, expected.payload);
      EXPECT_EQ(point.vectors, expected.vectors);
    }
    request.cursor = page.next_cursor;
  } while (!request.cursor.empty() && ++pages < 10'000 && !::testing::Test::HasFailure());
  return ids;
}

class ScrollDifferentialTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(ScrollDifferentialTest, ReturnsEveryMatchOnceInOrder) {
  RandomWorld random(GetParam());
  random.Change(600);
  const ReadWorld& world = random.world();
  for (int i = 0; i < 12; ++i) {
    ScrollRequest request;
    request.filter = random.RandomFilter();
    request.select = kAll;
    const auto expected = world.Matching(request.filter);
    const uint32_t limits[] = {1 + static_cast<uint32_t>(random.Below(40)), 10'000,
                               std::max<uint32_t>(1, static_cast<uint32_t>(expected.size()))};
    for (const uint32_t limit : limits) {
      request.limit = limit;
      bool scanned = false;
      EXPECT_EQ(ScrollAll(world, request, &scanned), expected) << "limit " << limit;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScrollDifferentialTest, ::testing::Range<uint64_t>(300, 310));

Point MakePoint(uint64_t id, Payload payload) {
  Point point;
  point.id = id;
  point.vectors["v"] = VectorValue(std::vector<float>{1});
  point.payload = std::move(payload);
  return point;
}

// `a` is indexed, `b` is not; both are the id modulo 100.
class ScrollTest : public ::testing::Test {
 protected:
  static constexpr int64_t kPoints = 5000;

  static CollectionSchema Schema() {
    CollectionSchema schema;
    schema.name = "c";
    schema.shards = 3;
    schema.fields = {{.name = "v", .dim = 1}};
    schema.indexes = {{"a", PayloadIndexKind::kInt64}};
    return schema;
  }
  void SetUp() override {
    for (int64_t i = 0; i < kPoints; ++i) {
      world_.Upsert(MakePoint(static_cast<uint64_t>(i), {{"a", i % 100}, {"b", i % 100}}));
    }
  }
  static Filter Below(const char* path, int64_t bound) {
    return Filter::Range(path, std::nullopt, Filter::Bound{bound, false});
  }

  ReadWorld world_{Schema(), 1000};
};

TEST_F(ScrollTest, AnswersFiltersOfEverySelectivity) {
  for (const char* path : {"a", "b"}) {
    for (const int64_t below : {0, 1, 10, 60, 100}) {
      ScrollRequest request;
      request.filter = Below(path, below);
      request.select = kAll;
      const auto expected = world_.Matching(request.filter);
      EXPECT_EQ(expected.size(), static_cast<size_t>(below * kPoints / 100));
      for (const uint32_t limit : {31u, 256u, 500u}) {  // 256 ends with a block of payloads
        request.limit = limit;
        bool scanned = false;
        EXPECT_EQ(ScrollAll(world_, request, &scanned), expected) << path << " < " << below;
        EXPECT_EQ(scanned, *path == 'b');
      }
    }
  }
}

TEST_F(ScrollTest, ReadsFewPayloadsWhereAnIndexNarrows) {
  const auto views = world_.Views();
  EXPECT_EQ(PayloadsToRead(views, Below("a", 3)), 0u);
  EXPECT_EQ(PayloadsToRead(views, Below("b", 3)), static_cast<uint64_t>(kPoints));
  EXPECT_EQ(PayloadsToRead(views, Filter::And({Below("b", 3), Below("a", 2)})), 100u);
  EXPECT_EQ(PayloadsToRead(views, Filter::Or({Below("b", 3), Below("a", 2)})),
            static_cast<uint64_t>(kPoints));
  EXPECT_EQ(PayloadsToRead(views, Filter::Not(Below("b", 3))), static_cast<uint64_t>(kPoints));
  EXPECT_LE(PayloadsToRead(views, Filter::And({Below("b", 3), Filter::IdIn({uint64_t{1}})})),
            views[0].segments.size() + views[1].segments.size() + views[2].segments.size());
  ScrollRequest request;
  request.filter = Filter::And({Below("b", 50), Below("a", 2)});
  request.limit = 10;
  request.select = kAll;
  bool scanned = false;
  EXPECT_EQ(ScrollAll(world_, request, &scanned), world_.Matching(request.filter));
  EXPECT_TRUE(scanned);
}

TEST_F(ScrollTest, EndsWithoutAnEmptyPageWhereTheLastIsFull) {
  ScrollRequest request;
  request.limit = kPoints;
  EXPECT_EQ(MustScroll(world_, request).next_cursor, "");
  request.limit = kPoints - 1;
  const ScrollPage page = MustScroll(world_, request);
  EXPECT_EQ(page.points.size(), static_cast<size_t>(kPoints - 1));
  request.cursor = page.next_cursor;
  const ScrollPage last = MustScroll(world_, request);
  ASSERT_EQ(last.points.size(), 1u);
  EXPECT_EQ(last.points[0].id, PointId(uint64_t{kPoints - 1}));
  EXPECT_EQ(last.next_cursor, "");
}

// What is there during the whole scroll comes once, whatever else comes and goes.
TEST_F(ScrollTest, IsStableUnderChanges) {
  for (const std::optional<Filter>& filter :
       {std::optional<Filter>(), std::optional<Filter>(Below("a", 50)),
        std::optional<Filter>(Below("b", 50))}) {
    std::mt19937 random(5);
    ScrollRequest request;
    request.limit = 301;
    request.filter = filter;
    std::set<PointId> seen;
    do {
      const ScrollPage page = MustScroll(world_, request);
      for (const Point& point : page.points) EXPECT_TRUE(seen.insert(point.id).second);
      request.cursor = page.next_cursor;
      // Odd ids change; even ones move to new rows, and their segments are sealed.
      for (int i = 0; i < 40; ++i) {
        const uint64_t id = random() % kPoints;
        const auto value = static_cast<int64_t>(id % 100);
        if (id % 4 == 1) {
          world_.Delete(id);
        } else {
          world_.Upsert(MakePoint(id, {{"a", value}, {"b", value}}));
        }
      }
      world_.Seal(static_cast<uint32_t>(random() % 3));
    } while (!request.cursor.empty());
    for (int64_t id = 0; id < kPoints; id += 2) {
      const bool matches = !filter || id % 100 < 50;
      EXPECT_EQ(seen.contains(static_cast<uint64_t>(id)), matches) << id;
    }
  }
}

TEST_F(ScrollTest, RefusesBadRequestsAndEndsWhenCancelled) {
  const auto views = world_.Views();
  ScrollRequest request;
  request.limit = 0;
  EXPECT_EQ(ScrollPoints(world_.schema(), views, request, nullptr, CancelToken()).status().field(),
            "limit");
  request.limit = 5;
  request.cursor = "not a cursor";
  EXPECT_EQ(ScrollPoints(world_.schema(), views, request, nullptr, CancelToken()).status().field(),
            "cursor");
  request.cursor.clear();
  const auto past = CancelToken::WithDeadline(std::chrono::steady_clock::now());
  for (const std::optional<Filter>& filter :
       {std::optional<Filter>(), std::optional<Filter>(Below("a", 50)),
        std::optional<Filter>(Below("b", 50))}) {
    request.filter = filter;
    EXPECT_EQ(ScrollPoints(world_.schema(), views, request, nullptr, past).status().code(),
              StatusCode::kDeadlineExceeded);
  }
}

}  // namespace
}  // namespace sagitta::engine
