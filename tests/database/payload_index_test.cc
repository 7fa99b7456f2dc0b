// Payload indexes made and dropped through handles, while writes go on.
#include <gtest/gtest.h>

#include <thread>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

class PayloadIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_ / "data");
    ASSERT_NE(database_, nullptr);
    auto films = database_->CreateCollection(SchemaOf("films"));
    ASSERT_OK(films.status());
    films_ = *films;
  }
  bool Scans(const Filter& filter) {
    const auto count = films_->Count(filter, {});
    EXPECT_OK(count.status());
    return count.ok() && count->filter_scanned;
  }
  void Reopen() {
    films_.reset();
    database_.reset();
    database_ = MustOpen(directory_ / "data");
    films_ = *database_->GetCollection("films");
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> films_;
  const Filter red_ = Filter::Equals("color", "red");
};

TEST_F(PayloadIndexTest, IsBuiltOverWhatIsThereAndKeptUp) {
  ASSERT_OK(Insert(*films_, 1, 100));
  EXPECT_TRUE(Scans(red_));
  ASSERT_OK(films_->CreatePayloadIndex({"color", PayloadIndexKind::kKeyword}));
  EXPECT_FALSE(Scans(red_));
  ASSERT_OK(Insert(*films_, 101, 100));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(Scans(red_));
    EXPECT_EQ(CountOf(*films_, red_), 100u);
    Reopen();
  }
  ASSERT_OK(films_->Compact());
  ASSERT_OK(films_->WaitIndexed({}, {}));
  EXPECT_FALSE(Scans(red_)) << "sealed segments have it too";
  EXPECT_EQ(CountOf(*films_, red_), 100u);
  ASSERT_OK(films_->DropPayloadIndex("color"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Scans(red_));
    EXPECT_EQ(CountOf(*films_, red_), 100u);
    EXPECT_TRUE(films_->Schema().indexes.empty());
    Reopen();
  }
}

// A match condition means what the TEXT index on its path says: in every segment, made there or
// not.
TEST_F(PayloadIndexTest, TextIndexesSayHowTextIsSplit) {
  const auto insert = [&](uint64_t first) {
    std::vector<UpsertPoint> points = PointsOf(first, 60);
    for (uint64_t i = 0; i < points.size(); ++i) {
      points[i].point.payload = {{"plot", i % 3 == 0 ? "They are running" : "She runs home"}};
    }
    return films_->Upsert(std::move(points), {}).status();
  };
  ASSERT_OK(insert(1));
  const Filter run = Filter::Match("plot", "run");
  EXPECT_TRUE(Scans(run));
  EXPECT_EQ(CountOf(*films_, run), 0u) << "no stemmer by default";
  ASSERT_OK(films_->CreatePayloadIndex({"plot", PayloadIndexKind::kText, {.stemmer = "english"}}));
  ASSERT_OK(insert(101));
  for (int stage = 0; stage < 3; ++stage) {
    EXPECT_FALSE(Scans(run));
    EXPECT_EQ(CountOf(*films_, run), 120u);
    EXPECT_EQ(CountOf(*films_, Filter::Match("plot", "homes running", TextMatch::kAny)), 120u);
    EXPECT_EQ(CountOf(*films_, Filter::Match("plot", "run homes", TextMatch::kPhrase)), 80u);
    Filter exact = Filter::Match("plot", "runs");
    exact.tokens = TextParams();
    EXPECT_TRUE(Scans(exact)) << "other settings than the index's";
    EXPECT_EQ(CountOf(*films_, exact), 80u);
    if (stage == 0) {
      ASSERT_OK(films_->Compact());
      ASSERT_OK(films_->WaitIndexed({}, {}));
    }
    if (stage == 1) Reopen();
  }
  ScrollRequest request;
  request.filter = run;
  EXPECT_EQ(films_->Scroll(request, {})->points.size(), 100u);
  Query query;
  query.target = VectorOf(1);
  query.filter = run;
  query.k = 7;
  EXPECT_EQ(films_->Search(query, {})->hits.size(), 7u);
  const std::vector<Query> batch = {query, query};
  EXPECT_EQ((*films_->SearchBatch(batch, {}))[1]->hits.size(), 7u);
  EXPECT_EQ(films_->DeleteByFilter(run, {})->affected, 120u);
}

TEST_F(PayloadIndexTest, GeoAndNestedConditionsUseTheirIndexes) {
  std::vector<UpsertPoint> points = PointsOf(1, 90);
  for (uint64_t i = 0; i < points.size(); ++i) {
    const auto degree = static_cast<int64_t>(i);
    points[i].point.payload = {
        {"at", ValueObject{{"lon", degree * 2}, {"lat", -degree}}},
        {"reviews", ValueList{ValueObject{{"by", "ann"}, {"stars", degree % 5}},
                              ValueObject{{"by", "bob"}, {"stars", 4}}}}};
  }
  ASSERT_OK(films_->Upsert(std::move(points), {}).status());
  const Filter near = Filter::GeoRadius("at", {20, -10}, 400'000);
  const Filter liked = Filter::Nested(
      "reviews", Filter::And({Filter::Equals("by", "ann"), Filter::Equals("stars", 4)}));
  EXPECT_TRUE(Scans(near));
  EXPECT_TRUE(Scans(liked));
  ASSERT_OK(films_->CreatePayloadIndex({"at", PayloadIndexKind::kGeo}));
  ASSERT_OK(films_->CreatePayloadIndex({"reviews.by", PayloadIndexKind::kKeyword}));
  ASSERT_OK(films_->CreatePayloadIndex({"reviews.stars", PayloadIndexKind::kInt64}));
  for (int stage = 0; stage < 3; ++stage) {
    EXPECT_FALSE(Scans(near));
    EXPECT_EQ(CountOf(*films_, near), 3u) << "a step is 247 km";
    EXPECT_FALSE(Scans(liked));
    EXPECT_EQ(CountOf(*films_, liked), 18u);
    if (stage == 0) {
      ASSERT_OK(films_->Compact());
      ASSERT_OK(films_->WaitIndexed({}, {}));
    }
    if (stage == 1) Reopen();
  }
}

TEST_F(PayloadIndexTest, TheSameAgainIsNoErrorAnotherKindIs) {
  ASSERT_OK(films_->CreatePayloadIndex({"n", PayloadIndexKind::kInt64}));
  EXPECT_OK(films_->CreatePayloadIndex({"n", PayloadIndexKind::kInt64}));
  EXPECT_EQ(films_->Schema().indexes.size(), 1u);
  ExpectError(films_->CreatePayloadIndex({"n", PayloadIndexKind::kKeyword}),
              StatusCode::kAlreadyExists, {"INT64"});
  ExpectInvalid(films_->CreatePayloadIndex({"a..b", PayloadIndexKind::kInt64}), "index.path");
  ExpectError(films_->DropPayloadIndex("m"), StatusCode::kNotFound, {"m"});
}

TEST_F(PayloadIndexTest, MadeAndDroppedWhileWritingItAnswersAsAScanDoes) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; !stop; ++i) {
        ASSERT_OK(Insert(*films_, 1 + t * 1000 + i % 20 * 10, 10));
        const std::vector<PointId> one = {PointId(1 + t * 1000 + i % 200)};
        ASSERT_OK(films_->Delete(one, {}).status());
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      const auto found = SearchFor(*films_, 3);
      ASSERT_OK(found.status());
    }
  });
  for (int i = 0; i < 10; ++i) {
    ASSERT_OK(films_->CreatePayloadIndex({"color", PayloadIndexKind::kKeyword}));
    ASSERT_OK(films_->CreatePayloadIndex({"n", PayloadIndexKind::kInt64}));
    ASSERT_OK(films_->DropPayloadIndex("color"));
    if (i < 9) {
      ASSERT_OK(films_->DropPayloadIndex("n"));
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const Filter low = Filter::Range("n", std::nullopt, Filter::Bound{int64_t{100}, true});
  EXPECT_FALSE(Scans(low));
  const uint64_t indexed = CountOf(*films_, low);
  ASSERT_OK(films_->DropPayloadIndex("n"));
  EXPECT_TRUE(Scans(low));
  EXPECT_EQ(CountOf(*films_, low), indexed);
}

TEST_F(PayloadIndexTest, TwoThatMakeTheSameOneBothSucceed) {
  ASSERT_OK(Insert(*films_, 1, 500));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      EXPECT_OK(films_->CreatePayloadIndex({"color", PayloadIndexKind::kKeyword}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(films_->Schema().indexes.size(), 1u);
  EXPECT_EQ(CountOf(*films_, red_), 250u);
}

}  // namespace
}  // namespace sagitta::database
