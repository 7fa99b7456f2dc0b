#include "engine/grouping.h"

#include "engine/search.h"
#include "filter/payload_codec.h"
#include "tests/engine/read_world.h"

namespace sagitta::engine {
namespace {

std::string Encoded(const Payload& payload) {
  auto encoded = filter::EncodePayload(payload);
  EXPECT_TRUE(encoded.ok()) << encoded.status().ToString();
  return std::move(*encoded);
}

TEST(GroupBuilder, TakesScalarsAndElementsOfLists) {
  GroupBuilder groups("a", 10, 2);
  const Value values[] = {"x",
                          7,
                          7.0,
                          true,
                          ValueList{"x", "y", "x", Value(), ValueList{"z"}},
                          Value(),
                          ValueObject{{"k", 1}},
                          ValueList{},
                          "x",
                          0.0,
                          -0.0};
  for (uint32_t row = 0; row < std::size(values); ++row) {
    groups.Add({.order = static_cast<float>(row), .segment = 0, .row = row},
               Encoded({{"a", values[row]}}));
  }
  groups.Add({.order = 50, .segment = 0, .row = 50}, Encoded({{"b", 1}}));
  groups.Add({.order = 51, .segment = 0, .row = 51}, "");
  const std::vector<std::pair<Value, std::vector<uint32_t>>> expected = {
      {"x", {0, 4}}, {7, {1}}, {7.0, {2}}, {true, {3}}, {"y", {4}}, {0.0, {9, 10}}};
  ASSERT_EQ(groups.groups().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(groups.groups()[i].key, expected[i].first);
    std::vector<uint32_t> rows;
    for (const Found& found : groups.groups()[i].rows) rows.push_back(found.row);
    EXPECT_EQ(rows, expected[i].second) << expected[i].first.ToJson();
  }
}

TEST(GroupBuilder, IsFullWhenAllGroupsAre) {
  GroupBuilder groups("a.b", 2, 2);
  const auto add = [&](uint32_t row, const char* value) {
    groups.Add({.order = 0, .segment = 0, .row = row}, Encoded({{"a", ValueObject{{"b", value}}}}));
  };
  add(0, "x");
  add(1, "x");
  EXPECT_FALSE(groups.full());
  add(2, "y");
  add(3, "z");  // a third group is not wanted
  EXPECT_FALSE(groups.full());
  add(4, "y");
  EXPECT_TRUE(groups.full());
  EXPECT_EQ(groups.groups().size(), 2u);
}

struct ExpectedGroup {
  Value key;
  std::vector<ReadWorld::Ranked> hits;
};

void CollectScalars(const Value& value, std::vector<Value>* out) {
  if (value.is_null() || value.AsList() != nullptr || value.AsObject() != nullptr) return;
  for (const Value& seen : *out) {
    if (seen == value) return;
  }
  out->push_back(value);
}

// Groups by a top-level key, over everything that the model ranks.
std::vector<ExpectedGroup> ExpectedGroups(const ReadWorld& world, const Query& query,
                                          const std::vector<ReadWorld::Ranked>& ranked) {
  std::vector<ExpectedGroup> groups;
  for (const ReadWorld::Ranked& hit : ranked) {
    const Payload& payload = world.points().at(hit.id).payload;
    const auto it = payload.find(query.group_by->path);
    if (it == payload.end()) continue;
    std::vector<Value> keys;
    CollectScalars(it->second, &keys);
    if (const ValueList* list = it->second.AsList()) {
      for (const Value& element : *list) CollectScalars(element, &keys);
    }
    for (const Value& key : keys) {
      auto group = std::find_if(groups.begin(), groups.end(),
                                [&](const ExpectedGroup& g) { return g.key == key; });
      if (group == groups.end()) group = groups.insert(groups.end(), {key, {}});
      if (group->hits.size() < query.group_by->group_size) group->hits.push_back(hit);
    }
  }
  groups.erase(groups.begin(), groups.begin() + static_cast<ptrdiff_t>(
                                                    std::min<size_t>(query.offset, groups.size())));
  if (groups.size() > query.k) groups.resize(query.k);
  return groups;
}

class GroupingDifferentialTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(GroupingDifferentialTest, EqualsBruteForce) {
  RandomWorld random(GetParam());
  random.Change(600);
  const ReadWorld& world = random.world();
  const auto views = world.Views();
  for (int i = 0; i < 20; ++i) {
    const VectorField& field = random.RandomField();
    if (field.metric == Metric::kCosine) continue;  // whose ties are not the model's
    const std::vector<float> vector = random.RandomVector(field);
    Query query;
    query.field = field.name;
    query.target = VectorValue(vector);
    query.k = static_cast<uint32_t>(1 + random.Below(8));
    query.offset = static_cast<uint32_t>(random.Below(3));
    query.filter = random.RandomFilter();
    query.select.payload = true;
    const char* const paths[] = {"a", "b", "c", "d"};
    query.group_by = GroupBy{paths[random.Below(4)], static_cast<uint32_t>(1 + random.Below(4))};
    const auto ranked = world.Rank(field, vector, query.filter, std::nullopt);
    const auto expected = ExpectedGroups(world, query, ranked);
    const auto result = SearchViews(world.schema(), views, query, nullptr, CancelToken());
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    EXPECT_TRUE(result->hits.empty());
    ASSERT_EQ(result->groups.size(), expected.size());
    for (size_t g = 0; g < expected.size(); ++g) {
      EXPECT_EQ(result->groups[g].key, expected[g].key) << "group " << g;
      ASSERT_EQ(result->groups[g].hits.size(), expected[g].hits.size()) << "group " << g;
      for (size_t h = 0; h < expected[g].hits.size(); ++h) {
        const Hit& hit = result->groups[g].hits[h];
        EXPECT_EQ(hit.point.id, expected[g].hits[h].id);
        EXPECT_EQ(hit.score, expected[g].hits[h].score);
        EXPECT_EQ(hit.point.payload, world.points().at(hit.point.id).payload);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, GroupingDifferentialTest, ::testing::Range<uint64_t>(400, 412));

// Values in the order of their distance, so that the last group lies behind all the others.
class FarGroupsTest : public ::testing::TestWithParam<IndexKind> {};

TEST_P(FarGroupsTest, AreFoundBehindAllOthers) {
  CollectionSchema schema;
  schema.name = "c";
  schema.shards = 2;
  schema.fields = {{.name = "v", .dim = 2}};
  ReadWorld world(schema, 8192);
  for (int64_t i = 0; i < 3000; ++i) {
    Point point;
    point.id = static_cast<uint64_t>(i);
    point.vectors["v"] = VectorValue(std::vector<float>{static_cast<float>(i), 1});
    point.payload = {{"block", i / 1000}};
    world.Upsert(point);
  }
  world.Seal(0, GetParam());
  world.Seal(1, GetParam());
  Query query;
  query.target = VectorValue(std::vector<float>{0, 1});
  query.k = 3;
  query.group_by = GroupBy{"block", 2};
  const auto result = SearchViews(schema, world.Views(), query, nullptr, CancelToken());
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ASSERT_EQ(result->groups.size(), 3u);
  for (int64_t g = 0; g < 3; ++g) {
    const Group& group = result->groups[static_cast<size_t>(g)];
    EXPECT_EQ(group.key, Value(g));
    ASSERT_EQ(group.hits.size(), 2u);
    EXPECT_EQ(group.hits[0].point.id, PointId(static_cast<uint64_t>(g * 1000)));
    EXPECT_EQ(group.hits[1].point.id, PointId(static_cast<uint64_t>(g * 1000 + 1)));
  }
  const auto past = CancelToken::WithDeadline(std::chrono::steady_clock::now());
  EXPECT_EQ(SearchViews(schema, world.Views(), query, nullptr, past).status().code(),
            StatusCode::kDeadlineExceeded);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FarGroupsTest,
                         ::testing::Values(IndexKind::kFlat, IndexKind::kHnsw));

}  // namespace
}  // namespace sagitta::engine
