// Two-stage search against a model: the first stage's answer, then all of it sorted by the second
// field.
#include "engine/rerank.h"

#include <algorithm>

#include "engine/batch_search.h"
#include "engine/search.h"
#include "tests/engine/read_world.h"

namespace sagitta::engine {
namespace {

using Ranked = ReadWorld::Ranked;

uint32_t CandidatesOf(const Query& query) {
  if (query.rerank->candidates != 0) return query.rerank->candidates;
  return std::min(10'000u, 10 * (query.offset + query.k));
}

// The first stage's ids, then those that are among them in the second field's order.
std::vector<Ranked> Expected(const ReadWorld& world, const Query& query, const VectorField& first,
                             const std::vector<float>& vector, const VectorField& second,
                             const std::vector<float>& again) {
  std::vector<Ranked> candidates = world.Rank(first, vector, query.filter, std::nullopt);
  candidates.resize(std::min<size_t>(candidates.size(), CandidatesOf(query)));
  std::vector<Ranked> ranked = world.Rank(second, again, query.filter, std::nullopt);
  std::erase_if(ranked, [&](const Ranked& r) {
    const bool out = query.score_threshold.has_value() &&
                     (HigherIsCloser(second.metric) ? r.score < *query.score_threshold
                                                    : r.score > *query.score_threshold);
    return out || std::none_of(candidates.begin(), candidates.end(),
                               [&](const Ranked& c) { return c.id == r.id; });
  });
  const size_t begin = std::min<size_t>(query.offset, ranked.size());
  const size_t end = std::min<size_t>(begin + query.k, ranked.size());
  return {ranked.begin() + static_cast<ptrdiff_t>(begin),
          ranked.begin() + static_cast<ptrdiff_t>(end)};
}

void ExpectHits(const std::vector<Hit>& hits, const std::vector<Ranked>& expected) {
  ASSERT_EQ(hits.size(), expected.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    EXPECT_EQ(hits[i].score, expected[i].score) << "rank " << i;
    EXPECT_EQ(hits[i].point.id, expected[i].id) << "rank " << i;
  }
}

class RerankDifferentialTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RerankDifferentialTest, EqualsTheModelAloneAndInBatches) {
  base::ThreadPool pool("search", 2, 100);
  RandomWorld random(GetParam());
  random.Change(600);
  std::vector<Query> queries;
  std::vector<std::vector<Ranked>> expected;
  for (int i = 0; i < 40; ++i) {
    const VectorField& first = random.RandomField();
    const VectorField& second = random.RandomField();
    // COSINE normalises in float: who is in and who is first is only nearly the model's.
    if (first.metric == Metric::kCosine || second.metric == Metric::kCosine) continue;
    const std::vector<float> vector = random.RandomVector(first);
    const std::vector<float> again = random.RandomVector(second);
    Query& query = queries.emplace_back();
    query.field = first.name;
    query.target = VectorValue(vector);
    query.k = static_cast<uint32_t>(1 + random.Below(10));
    if (random.OneIn(3)) query.offset = static_cast<uint32_t>(random.Below(8));
    if (random.OneIn(2)) query.filter = random.RandomFilter();
    query.params.exact = true;
    query.rerank = {.field = second.name, .vector = VectorValue(again), .candidates = 0};
    if (random.OneIn(2)) {
      query.rerank->candidates = query.offset + query.k + static_cast<uint32_t>(random.Below(30));
    }
    std::vector<Ranked> all = Expected(random.world(), query, first, vector, second, again);
    if (random.OneIn(3) && !all.empty()) {
      query.score_threshold = all[random.Below(all.size())].score;
      all = Expected(random.world(), query, first, vector, second, again);
    }
    expected.push_back(std::move(all));
  }
  const auto views = random.world().Views();
  const auto batch =
      SearchViewsBatch(random.world().schema(), views, queries, &pool, CancelToken());
  for (size_t i = 0; i < queries.size(); ++i) {
    ASSERT_OK(ValidateQuery(random.world().schema(), queries[i]));
    const auto alone =
        SearchViews(random.world().schema(), views, queries[i], &pool, CancelToken());
    ASSERT_OK(alone.status());
    ExpectHits(alone->hits, expected[i]);
    ASSERT_OK(batch[i].status());
    ExpectHits(batch[i]->hits, expected[i]);
    if (HasFailure()) FAIL() << "query " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RerankDifferentialTest, ::testing::Range<uint64_t>(1, 13));

CollectionSchema TwoFields() {
  CollectionSchema schema;
  schema.name = "c";
  schema.fields = {{.name = "code", .dim = 16, .metric = Metric::kHamming, .storage = Dtype::kBits},
                   {.name = "v", .dim = 2, .metric = Metric::kL2}};
  return schema;
}

Query TwoStages() {
  Query query;
  query.field = "code";
  query.target = VectorValue(Dtype::kBits, std::string(2, '\0'));
  query.rerank = {.field = "v", .vector = VectorValue(std::vector<float>{0, 0}), .candidates = 0};
  query.k = 2;
  return query;
}

TEST(Rerank, ScoresThresholdAndExplanationAreOfTheSecondStage) {
  ReadWorld world(TwoFields());
  for (uint64_t i = 0; i < 9; ++i) {
    Point point;
    point.id = i;
    // The more bits, the nearer by the second field; every third lacks it.
    point.vectors["code"] =
        VectorValue(Dtype::kBits, std::string{static_cast<char>((1 << i) - 1), '\0'});
    if (i % 3 != 2) {
      point.vectors["v"] = VectorValue(std::vector<float>{10.0f - static_cast<float>(i), 0});
    }
    world.Upsert(point);
  }
  Query query = TwoStages();
  query.rerank->candidates = 6;  // 0 to 5, of which 2 and 5 lack the field
  query.explain = true;
  const auto views = world.Views();
  auto result = SearchViews(world.schema(), views, query, nullptr, CancelToken());
  ASSERT_OK(result.status());
  ASSERT_EQ(result->hits.size(), 2u);
  EXPECT_EQ(result->hits[0].point.id, PointId(4));
  EXPECT_EQ(result->hits[0].score, 6.0f);
  EXPECT_EQ(result->hits[1].point.id, PointId(3));
  EXPECT_EQ(result->info.explain->reranked, 4u);
  EXPECT_EQ(result->info.distances, 9u + 4u);
  query.score_threshold = 6.5f;
  result = SearchViews(world.schema(), views, query, nullptr, CancelToken());
  ASSERT_OK(result.status());
  EXPECT_EQ(result->hits.size(), 1u);
  query.score_threshold = -1.0f;
  result = SearchViews(world.schema(), views, query, nullptr, CancelToken());
  EXPECT_TRUE(result->hits.empty());
  CancelToken cancelled = CancelToken::Manual();
  cancelled.Cancel();
  EXPECT_EQ(SearchViews(world.schema(), views, query, nullptr, cancelled).status().code(),
            StatusCode::kCancelled);
}

TEST(Rerank, WhatIsWrongIsNamed) {
  const CollectionSchema schema = TwoFields();
  ASSERT_OK(ValidateQuery(schema, TwoStages()));
  const auto field_of = [&](const auto& change) {
    Query query = TwoStages();
    change(query);
    const Status status = ValidateQuery(schema, query);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.field();
  };
  EXPECT_EQ(field_of([](Query& q) { q.rerank->field = ""; }), "rerank.field");
  EXPECT_EQ(field_of([](Query& q) { q.rerank->field = "w"; }), "rerank.field");
  EXPECT_EQ(field_of([](Query& q) { q.rerank->vector = VectorValue(std::vector<float>{1}); }),
            "rerank.vector");
  EXPECT_EQ(field_of([](Query& q) { q.rerank->candidates = 1; }), "rerank.candidates");
  EXPECT_EQ(field_of([](Query& q) { q.rerank->candidates = 10'001; }), "rerank.candidates");
  EXPECT_EQ(field_of([](Query& q) { q.group_by = GroupBy{"a", 1}; }), "rerank");
}

}  // namespace
}  // namespace sagitta::engine
