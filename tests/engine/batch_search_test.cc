#include "engine/batch_search.h"

#include "engine/search.h"
#include "tests/engine/read_world.h"

namespace sagitta::engine {
namespace {

Query RandomQuery(RandomWorld& random) {
  Query query;
  const VectorField& field = random.RandomField();
  query.field = field.name;
  query.target = VectorValue(random.RandomVector(field));
  if (random.OneIn(4)) query.target = random.RandomId();  // which may not be there
  query.k = static_cast<uint32_t>(random.OneIn(20) ? 0 : 1 + random.Below(40));
  query.offset = static_cast<uint32_t>(random.OneIn(3) ? random.Below(10) : 0);
  query.params.exact = !random.OneIn(6);
  if (random.OneIn(6)) query.filter = random.RandomFilter();
  if (random.OneIn(10)) query.group_by = GroupBy{"a", 2};
  if (random.OneIn(5)) query.score_threshold = 3.0f;
  return query;
}

void ExpectSame(const Result<QueryResult>& got, const Result<QueryResult>& alone) {
  ASSERT_EQ(got.status().ToString(), alone.status().ToString());
  if (!alone.ok()) return;
  ASSERT_EQ(got->hits.size(), alone->hits.size());
  for (size_t i = 0; i < alone->hits.size(); ++i) {
    EXPECT_EQ(got->hits[i].score, alone->hits[i].score);
    EXPECT_EQ(got->hits[i].point.id, alone->hits[i].point.id);
  }
  EXPECT_EQ(got->groups.size(), alone->groups.size());
  EXPECT_EQ(got->info.rows_live, alone->info.rows_live);
  EXPECT_EQ(got->info.segments, alone->info.segments);
}

class BatchSearchTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(BatchSearchTest, EqualsSearchesOneByOne) {
  base::ThreadPool pool("search", 2, 100);
  RandomWorld random(GetParam());
  for (int round = 0; round < 3; ++round) {
    random.Change(150);
    std::vector<Query> queries;
    for (size_t i = 0; i < 1 + random.Below(120); ++i) queries.push_back(RandomQuery(random));
    const auto views = random.world().Views();
    const CollectionSchema& schema = random.world().schema();
    const auto results = SearchViewsBatch(schema, views, queries,
                                          random.OneIn(3) ? nullptr : &pool, CancelToken());
    ASSERT_EQ(results.size(), queries.size());
    for (size_t i = 0; i < queries.size(); ++i) {
      const Status valid = ValidateQuery(schema, queries[i]);
      ExpectSame(results[i], valid.ok()
                                 ? SearchViews(schema, views, queries[i], nullptr, CancelToken())
                                 : Result<QueryResult>(valid));
      if (HasFailure()) FAIL() << "round " << round << ", query " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, BatchSearchTest, ::testing::Range<uint64_t>(1, 13));

TEST(BatchSearch, ADeadlineEndsAll) {
  RandomWorld random(5);
  random.Change(100);
  Query query;
  query.field = random.RandomField().name;
  query.target = VectorValue(random.RandomVector(*random.world().schema().FindField(query.field)));
  query.params.exact = true;
  const std::vector<Query> queries(3, query);
  const auto past = CancelToken::WithDeadline(std::chrono::steady_clock::now());
  for (const auto& result :
       SearchViewsBatch(random.world().schema(), random.world().Views(), queries, nullptr, past)) {
    EXPECT_EQ(result.status().code(), StatusCode::kDeadlineExceeded);
  }
}

}  // namespace
}  // namespace sagitta::engine
