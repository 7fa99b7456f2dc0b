#include "engine/search.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/batch_search.h"
#include "tests/engine/read_world.h"
#include "tests/filter/random_filters.h"

namespace sagitta::engine {
namespace {

using Ranked = ReadWorld::Ranked;

QueryResult MustSearch(const ReadWorld& world, const Query& query,
                       base::ThreadPool* pool = nullptr) {
  const Status valid = ValidateQuery(world.schema(), query);
  EXPECT_TRUE(valid.ok()) << valid.ToString();
  const auto views = world.Views();
  auto result = SearchViews(world.schema(), views, query, pool, CancelToken());
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? std::move(*result) : QueryResult();
}

// COSINE normalises in float, so its scores and ties are only nearly the model's.
void ExpectHits(const std::vector<Hit>& hits, std::vector<Ranked> expected, const Query& query,
                const VectorField& field) {
  if (query.score_threshold) {
    std::erase_if(expected, [&](const Ranked& r) {
      return HigherIsCloser(field.metric) ? r.score < *query.score_threshold
                                          : r.score > *query.score_threshold;
    });
  }
  const size_t begin = std::min<size_t>(query.offset, expected.size());
  const size_t end = std::min<size_t>(begin + query.k, expected.size());
  ASSERT_EQ(hits.size(), end - begin);
  for (size_t i = 0; i < hits.size(); ++i) {
    if (field.metric == Metric::kCosine) {
      const float tolerance = field.storage == Dtype::kBf16 ? 2e-2f : 2e-3f;
      EXPECT_NEAR(hits[i].score, expected[begin + i].score, tolerance) << "rank " << i;
    } else {
      EXPECT_EQ(hits[i].score, expected[begin + i].score) << "rank " << i;
      EXPECT_EQ(hits[i].point.id, expected[begin + i].id) << "rank " << i;
    }
  }
}

Query RandomQuery(RandomWorld& random, const VectorField& field, std::vector<float>* vector) {
  Query query;
  query.field = field.name;
  query.k = static_cast<uint32_t>(random.OneIn(8) ? 1 + random.Below(500) : 1 + random.Below(15));
  if (random.OneIn(3)) query.offset = static_cast<uint32_t>(random.Below(20));
  query.filter = random.RandomFilter();
  query.params.exact = random.OneIn(2);
  *vector = random.RandomVector(field);
  query.target = VectorValue(*vector);
  const auto& points = random.world().points();
  const auto named = points.find(random.RandomId());
  if (random.OneIn(3) && named != points.end() && random.world().Alive(named->second) &&
      named->second.vectors.contains(field.name)) {
    query.target = named->first;
    *vector = named->second.vectors.at(field.name).ToFloats();
  }
  return query;
}

class SearchDifferentialTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SearchDifferentialTest, EqualsBruteForce) {
  base::ThreadPool pool("search", 2, 100);
  RandomWorld random(GetParam());
  for (int round = 0; round < 4; ++round) {
    random.Change(150);
    for (int i = 0; i < 25; ++i) {
      const VectorField& field = random.RandomField();
      std::vector<float> vector;
      Query query = RandomQuery(random, field, &vector);
      const auto* self = std::get_if<PointId>(&query.target);
      const auto expected =
          random.world().Rank(field, vector, query.filter,
                              self == nullptr ? std::nullopt : std::optional<PointId>(*self));
      if (field.metric != Metric::kCosine && random.OneIn(3) && !expected.empty()) {
        query.score_threshold = expected[random.Below(expected.size())].score;
      }
      const QueryResult result = MustSearch(random.world(), query, &pool);
      ExpectHits(result.hits, expected, query, field);
      const size_t matching = random.world().Matching(query.filter).size();
      if (query.filter) {
        EXPECT_EQ(result.info.filter_matches, matching);
      }
      EXPECT_EQ(result.info.rows_live, random.world().Matching(std::nullopt).size());
      if (HasFailure()) FAIL() << "round " << round << ", query " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SearchDifferentialTest, ::testing::Range<uint64_t>(1, 19));

CollectionSchema OneField(uint32_t dim, Metric metric = Metric::kL2, uint32_t shards = 1) {
  CollectionSchema schema;
  schema.name = "c";
  schema.shards = shards;
  schema.fields = {{.name = "v", .dim = dim, .metric = metric}};
  return schema;
}

Point MakePoint(PointId id, const std::vector<float>& vector, Payload payload = {}) {
  Point point;
  point.id = std::move(id);
  point.vectors["v"] = VectorValue(vector);
  point.payload = std::move(payload);
  return point;
}

Query MakeQuery(const std::vector<float>& vector, uint32_t k) {
  Query query;
  query.target = VectorValue(vector);
  query.k = k;
  return query;
}

// Points of a few clusters, so that neighbours are not all alike.
class Clusters {
 public:
  explicit Clusters(uint32_t dim) : dim_(dim), centres_(20 * dim) {
    for (float& v : centres_) v = 3 * normal_(random_);
  }
  std::vector<float> Draw() {
    const size_t centre = random_() % 20;
    std::vector<float> v(dim_);
    for (uint32_t d = 0; d < dim_; ++d) v[d] = centres_[centre * dim_ + d] + normal_(random_);
    return v;
  }

 private:
  const uint32_t dim_;
  std::mt19937 random_{7};
  std::normal_distribution<float> normal_;
  std::vector<float> centres_;
};

class IndexedSearchTest : public ::testing::TestWithParam<IndexKind> {};

TEST_P(IndexedSearchTest, FindsMostNeighboursAndOnlyMatches) {
  CollectionSchema schema = OneField(24, Metric::kL2, 2);
  schema.indexes = {{"n", PayloadIndexKind::kInt64}};
  ReadWorld world(schema, 4096);
  Clusters clusters(24);
  for (int64_t i = 0; i < 6000; ++i) {
    world.Upsert(MakePoint(static_cast<uint64_t>(i), clusters.Draw(), {{"n", i}}));
  }
  world.Seal(0, GetParam());
  world.Seal(1, GetParam());
  for (uint64_t i = 0; i < 6000; i += 7) world.Delete(i);
  for (int64_t i = 6000; i < 6100; ++i) {
    world.Upsert(MakePoint(static_cast<uint64_t>(i), clusters.Draw(), {{"n", i}}));
  }
  EXPECT_EQ(world.Views()[0].segments[0].segment->index_kind(0), GetParam());
  for (const int64_t matching : {6100, 3000, 600, 60, 3}) {
    size_t found = 0, wanted = 0;
    for (int q = 0; q < 20; ++q) {
      const std::vector<float> vector = clusters.Draw();
      Query query = MakeQuery(vector, 10);
      if (matching < 6100) {
        query.filter = Filter::Range("n", std::nullopt, Filter::Bound{matching, false});
      }
      const auto expected = world.Rank(schema.fields[0], vector, query.filter, std::nullopt);
      const size_t k = std::min<size_t>(10, expected.size());
      const QueryResult result = MustSearch(world, query);
      ASSERT_EQ(result.hits.size(), k);
      EXPECT_FALSE(result.info.filter_scanned);
      std::set<PointId> best;
      for (size_t i = 0; i < k; ++i) best.insert(expected[i].id);
      for (const Hit& hit : result.hits) {
        ASSERT_TRUE(world.points().contains(hit.point.id));
        EXPECT_LT(static_cast<int64_t>(std::get<uint64_t>(hit.point.id.value())), matching);
        found += best.count(hit.point.id);
      }
      wanted += k;
    }
    EXPECT_GE(static_cast<double>(found) / static_cast<double>(wanted), 0.95) << matching;
  }
}

TEST_P(IndexedSearchTest, GivesAllThatIsAskedByPoint) {
  ReadWorld world(OneField(8), 2000);
  Clusters clusters(8);
  for (uint64_t i = 0; i < 2000; ++i) world.Upsert(MakePoint(i, clusters.Draw()));
  world.Seal(0, GetParam());
  for (uint64_t id = 0; id < 2000; id += 100) {
    Query query;
    query.target = PointId(id);
    query.k = 7;
    query.params.ef = 1;  // at least k is used
    const QueryResult result = MustSearch(world, query);
    EXPECT_EQ(result.hits.size(), 7u);
    for (const Hit& hit : result.hits) EXPECT_NE(hit.point.id, PointId(id));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, IndexedSearchTest,
                         ::testing::Values(IndexKind::kHnsw, IndexKind::kGraph,
                                           IndexKind::kIvfFlat));

TEST(Search, ExplainsItself) {
  CollectionSchema schema = OneField(8, Metric::kL2, 2);
  schema.indexes = {{"n", PayloadIndexKind::kInt64}};
  ReadWorld world(schema);
  Clusters clusters(8);
  for (int64_t i = 0; i < 3000; ++i) {
    world.Upsert(MakePoint(static_cast<uint64_t>(i), clusters.Draw(), {{"n", i}}));
  }
  world.Seal(0, IndexKind::kGraph);
  Query query = MakeQuery(clusters.Draw(), 5);
  EXPECT_FALSE(MustSearch(world, query, nullptr).info.explain.has_value());
  query.explain = true;
  query.params.ef = 8;
  QueryResult result = MustSearch(world, query, nullptr);
  ASSERT_TRUE(result.info.explain.has_value());
  ASSERT_EQ(result.info.explain->segments.size(), 2u);
  const SegmentExplain& sealed = result.info.explain->segments[0];
  const SegmentExplain& growing = result.info.explain->segments[1];
  EXPECT_EQ(sealed.shard, 0u);
  EXPECT_EQ(sealed.index, IndexKind::kGraph);
  EXPECT_EQ(sealed.strategy, SearchStrategy::kWalk);
  EXPECT_GT(sealed.hops, 0u);
  EXPECT_EQ(sealed.estimated_selectivity, 1);
  EXPECT_EQ(growing.shard, 1u);
  EXPECT_EQ(growing.strategy, SearchStrategy::kExactScan);
  EXPECT_EQ(growing.distances, growing.rows_live);
  EXPECT_EQ(sealed.rows_live + growing.rows_live, 3000u);
  EXPECT_EQ(sealed.distances + growing.distances, result.info.distances);
  EXPECT_GT(sealed.search_seconds, 0);
  EXPECT_GT(result.info.explain->search_seconds, sealed.search_seconds);

  query.filter = Filter::Range("n", std::nullopt, Filter::Bound{3, false});
  for (const bool cached : {false, false, true}) {
    result = MustSearch(world, query, nullptr);
    const SegmentExplain& filtered = result.info.explain->segments[0];
    EXPECT_EQ(filtered.filter_cached, cached);
    EXPECT_FALSE(filtered.filter_scanned);
    EXPECT_LE(filtered.rows_passing, 3u);
    EXPECT_NEAR(filtered.estimated_selectivity * static_cast<double>(filtered.rows_live),
                static_cast<double>(filtered.rows_passing), 1e-9);
    EXPECT_EQ(filtered.strategy,
              filtered.rows_passing == 0 ? SearchStrategy::kNone : SearchStrategy::kExactScan);
    EXPECT_EQ(filtered.distances, filtered.rows_passing);
  }
  query.filter = Filter::Equals("unindexed", 1);
  result = MustSearch(world, query, nullptr);
  EXPECT_TRUE(result.info.explain->segments[0].filter_scanned);
  EXPECT_EQ(result.info.explain->segments[0].strategy, SearchStrategy::kNone);
  query.filter.reset();
  query.group_by = GroupBy{"n", 1};
  EXPECT_TRUE(MustSearch(world, query, nullptr).info.explain.has_value());
  query.group_by.reset();
  query.params.exact = true;
  const std::vector<Query> queries(12, query);
  const auto results = SearchViewsBatch(world.schema(), world.Views(), queries, nullptr, {});
  for (const auto& one : results) {
    ASSERT_OK(one.status());
    ASSERT_TRUE(one->info.explain.has_value());
    EXPECT_EQ(one->info.explain->segments[0].strategy, SearchStrategy::kExactScan);
  }
}

TEST(Search, ManyTiesGoById) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1}) {
    ReadWorld world(OneField(3, metric, 2), 300);
    // Ids descend with the rows, so that positions order ties the wrong way round.
    for (uint64_t i = 500; i > 0; --i) world.Upsert(MakePoint(i, {1, 2, 2}));
    world.Upsert(MakePoint(PointId(uint64_t{1000}), {2, 4, 4}));
    const QueryResult result = MustSearch(world, MakeQuery({1, 2, 2}, 20));
    ASSERT_EQ(result.hits.size(), 20u);
    const size_t first = metric == Metric::kInnerProduct ? 1 : 0;  // the long vector is best there
    for (size_t i = first; i < 20; ++i) {
      EXPECT_EQ(result.hits[i].point.id, PointId(uint64_t{i + 1 - first})) << i;
    }
  }
}

TEST(Search, TiesOfScoresWhoseKeysDifferGoById) {
  // Squares that a float tells apart while their roots are one.
  ReadWorld world(OneField(2), 100);
  const float base = 1;
  const float small = 3e-4f;
  ASSERT_NE(base + small * small, base);
  ASSERT_EQ(std::sqrt(base + small * small), base);
  world.Upsert(MakePoint(PointId(uint64_t{2}), {base, 0}));
  world.Upsert(MakePoint(PointId(uint64_t{1}), {base, small}));
  world.Upsert(MakePoint(PointId(uint64_t{3}), {1.001f, 0}));
  Query query = MakeQuery({0, 0}, 1);
  QueryResult result = MustSearch(world, query);
  ASSERT_EQ(result.hits.size(), 1u);
  EXPECT_EQ(result.hits[0].point.id, PointId(uint64_t{1}));
  query.k = 10;
  query.score_threshold = base;
  result = MustSearch(world, query);
  EXPECT_EQ(result.hits.size(), 2u) << "both have exactly the score of the threshold";
}

TEST(Search, ByPointLeavesItOut) {
  CollectionSchema schema = OneField(2, Metric::kL2, 3);
  schema.fields.push_back({.name = "w", .dim = 2});
  ReadWorld world(schema);
  for (uint64_t i = 0; i < 10; ++i) world.Upsert(MakePoint(i, {static_cast<float>(i), 0}));
  Query query;
  query.field = "v";
  query.target = PointId(uint64_t{5});
  query.k = 3;
  const QueryResult result = MustSearch(world, query);
  ASSERT_EQ(result.hits.size(), 3u);
  EXPECT_EQ(result.hits[0].point.id, PointId(uint64_t{4}));
  EXPECT_EQ(result.hits[1].point.id, PointId(uint64_t{6}));
  EXPECT_EQ(result.hits[2].point.id, PointId(uint64_t{3}));

  const auto views = world.Views();
  query.target = PointId("absent");
  auto absent = SearchViews(schema, views, query, nullptr, CancelToken());
  EXPECT_EQ(absent.status().code(), StatusCode::kNotFound);
  EXPECT_NE(absent.status().message().find("absent"), std::string::npos);
  query.target = PointId(uint64_t{5});
  query.field = "w";
  auto lacking = SearchViews(schema, views, query, nullptr, CancelToken());
  EXPECT_EQ(lacking.status().code(), StatusCode::kNotFound);
  EXPECT_NE(lacking.status().message().find("\"w\""), std::string::npos);
  Point expired = MakePoint(PointId("gone"), {1, 1});
  expired.expires_at_ms = ReadWorld::kNow;
  world.Upsert(expired);
  query.field = "v";
  query.target = PointId("gone");
  auto gone = SearchViews(schema, world.Views(), query, nullptr, CancelToken());
  EXPECT_EQ(gone.status().code(), StatusCode::kNotFound);
}

TEST(Search, SaysHowItWasAnswered) {
  CollectionSchema schema = OneField(2);
  schema.indexes = {{"a", PayloadIndexKind::kInt64}};
  ReadWorld world(schema);
  for (int64_t i = 0; i < 50; ++i) {
    world.Upsert(MakePoint(static_cast<uint64_t>(i), {1, 1}, {{"a", i}, {"b", i}, {"c", i}}));
  }
  world.Degrade(0);
  for (uint64_t i = 0; i < 5; ++i) world.Delete(i);
  world.Upsert(MakePoint(uint64_t{100}, {1, 1}));
  Query query = MakeQuery({1, 1}, 5);
  QueryResult result = MustSearch(world, query);
  EXPECT_EQ(result.info.segments, 2u);
  EXPECT_EQ(result.info.segments_degraded, 1u);
  EXPECT_EQ(result.info.rows_live, 46u);
  EXPECT_GE(result.info.distances, 46u);
  EXPECT_FALSE(result.info.filter_scanned);
  EXPECT_FALSE(result.info.filter_matches.has_value());

  query.filter = Filter::Range("a", std::nullopt, Filter::Bound{9, true});
  result = MustSearch(world, query);
  EXPECT_FALSE(result.info.filter_scanned);
  EXPECT_EQ(result.info.filter_matches, 5u);

  query.filter = Filter::Or({Filter::Equals("c", 40), Filter::Equals("b", 41)});
  result = MustSearch(world, query);
  EXPECT_TRUE(result.info.filter_scanned);
  EXPECT_EQ(result.info.unindexed_paths, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(result.info.filter_matches, 2u);
  EXPECT_EQ(result.hits.size(), 2u);
}

TEST(Search, ScansTwiceForTiesOnly) {
  ReadWorld world(OneField(1), 100);
  for (uint64_t i = 0; i < 200; ++i) {
    world.Upsert(MakePoint(i, {static_cast<float>(i < 190 ? i : 500)}));
  }
  EXPECT_EQ(MustSearch(world, MakeQuery({0}, 5)).info.distances, 200u);
  EXPECT_GT(MustSearch(world, MakeQuery({500}, 5)).info.distances, 200u);
}

TEST(Search, ReturnsWhatIsSelected) {
  ReadWorld world(OneField(2, Metric::kCosine, 2));
  for (uint64_t i = 0; i < 600; ++i) {
    world.Upsert(MakePoint(i, {1, static_cast<float>(i)},
                           {{"n", static_cast<int64_t>(i)}, {"s", std::to_string(i)}}));
  }
  Query query = MakeQuery({1, 1}, 600);
  QueryResult plain = MustSearch(world, query);
  ASSERT_EQ(plain.hits.size(), 600u);
  EXPECT_TRUE(plain.hits[0].point.payload.empty());
  EXPECT_TRUE(plain.hits[0].point.vectors.empty());
  query.select = {.payload = true, .payload_keys = {"n"}, .vectors = true, .vector_fields = {}};
  const QueryResult result = MustSearch(world, query);
  ASSERT_EQ(result.hits.size(), 600u);
  for (const Hit& hit : result.hits) {
    const Point& stored = world.points().at(hit.point.id);
    EXPECT_EQ(hit.point.payload, (Payload{{"n", stored.payload.at("n")}}));
    EXPECT_EQ(hit.point.vectors, stored.vectors) << "as they were written, not normalised";
    EXPECT_EQ(hit.point.version, stored.version);
  }
}

TEST(Search, EndsWhenCancelled) {
  ReadWorld world(OneField(2, Metric::kL2, 2));
  for (uint64_t i = 0; i < 10; ++i) world.Upsert(MakePoint(i, {1, 1}));
  const auto views = world.Views();
  const auto past = CancelToken::WithDeadline(std::chrono::steady_clock::now());
  const Query query = MakeQuery({1, 1}, 5);
  EXPECT_EQ(SearchViews(world.schema(), views, query, nullptr, past).status().code(),
            StatusCode::kDeadlineExceeded);
  CancelToken cancelled = CancelToken::Manual();
  cancelled.Cancel();
  EXPECT_EQ(SearchViews(world.schema(), views, query, nullptr, cancelled).status().code(),
            StatusCode::kCancelled);
}

TEST(Search, OfNothingIsEmpty) {
  ReadWorld world(OneField(2, Metric::kL2, 2));
  EXPECT_TRUE(MustSearch(world, MakeQuery({1, 1}, 5)).hits.empty());
  world.Upsert(MakePoint(uint64_t{1}, {1, 1}));
  Query query = MakeQuery({1, 1}, 5);
  query.offset = 3;
  EXPECT_TRUE(MustSearch(world, query).hits.empty());
  query.offset = 0;
  query.score_threshold = -1.0f;  // no L2 distance is negative
  EXPECT_TRUE(MustSearch(world, query).hits.empty());
}

// Enough work for several threads: they must give what one gives.
TEST(Search, ManyThreadsFindTheSame) {
  ReadWorld world(OneField(512, Metric::kInnerProduct, 4), 1024);
  std::mt19937 random(3);
  const auto draw = [&] {
    std::vector<float> v(512);
    for (float& x : v) x = static_cast<float>(static_cast<int>(random() % 3) - 1);
    return v;
  };
  for (uint64_t i = 0; i < 6000; ++i) world.Upsert(MakePoint(i, draw()));
  base::ThreadPool pool("search", 3, 100);
  for (int q = 0; q < 10; ++q) {
    Query query = MakeQuery(draw(), 50);
    if (q % 2 == 0) query.filter = Filter::Not(Filter::IdIn({uint64_t{1}, uint64_t{2}}));
    const auto many = MustSearch(world, query, &pool);
    const auto one = MustSearch(world, query);
    ASSERT_EQ(many.hits.size(), one.hits.size());
    for (size_t i = 0; i < one.hits.size(); ++i) {
      EXPECT_EQ(many.hits[i].point.id, one.hits[i].point.id);
      EXPECT_EQ(many.hits[i].score, one.hits[i].score);
    }
  }
}

}  // namespace
}  // namespace sagitta::engine
