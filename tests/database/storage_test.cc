// RecommendStorage on a real collection: what it says of bytes and recall is what one gets.
#include "compactor/storage_menu.h"
#include "tests/database/storage_testing.h"

namespace sagitta::database {
namespace {

constexpr uint64_t kPoints = 6'000;
constexpr double kF32 = kPoints * kStorageDim * sizeof(float);

class StorageTest : public ::testing::Test {
 protected:
  void Fill(const CollectionSchema& schema, uint64_t n = kPoints) {
    database_ = MustOpen(directory_.path());
    const auto made = database_->CreateCollection(schema);
    ASSERT_OK(made.status());
    collection_ = *made;
    FillStructured(*collection_, n);
  }

  StorageReport Recommend(const StorageRequest& request) {
    const auto report = collection_->RecommendStorage(request, {}, {});
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return report.ok() ? *report : StorageReport{.options = {StorageOption{}}};
  }

  void Apply(const IndexParams& index) {
    ASSERT_OK(database_->UpdateCollection("tuned", {.fields = {{"v", index}}}).status());
    ASSERT_OK(collection_->WaitIndexed({}, {}));
  }

  // recall@10 of vectors that are no points.
  double Recall() const {
    size_t hits = 0;
    constexpr uint64_t kQueries = 100;
    for (uint64_t i = 0; i < kQueries; ++i) {
      const auto vector = StructuredVector(1'000'000 + i);
      Query query;
      query.target = VectorValue(std::span<const float>(vector));
      const auto found = collection_->Search(query, {});
      query.params.exact = true;
      const auto exact = collection_->Search(query, {});
      EXPECT_TRUE(found.ok() && exact.ok());
      for (const Hit& hit : found->hits) {
        hits += std::any_of(exact->hits.begin(), exact->hits.end(),
                            [&](const Hit& e) { return e.point.id == hit.point.id; });
      }
    }
    return static_cast<double>(hits) / (10 * kQueries);
  }

  double MemoryOf(const IndexParams& index) const {
    const SpaceUse space = collection_->Stats()->space;
    const uint64_t vectors =
        index.residency == Residency::kMemory ? space.mapped_vectors : uint64_t{0};
    return static_cast<double>(space.memory_codes + space.memory_links + space.mapped_codes +
                               space.mapped_links + vectors);
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
};

TEST_F(StorageTest, WhatItRecommendsIsWhatOneGets) {
  Fill(StorageSchema(2));
  for (const double share : {0.75, 0.5, 0.25, 0.12, 0.06}) {
    StorageRequest request{.field = "v"};
    request.budget_bytes = static_cast<uint64_t>(share * kF32);
    const StorageReport report = Recommend(request);
    EXPECT_EQ(report.rows, kPoints);
    ASSERT_TRUE(report.found) << share << ": " << report.explanation;
    const StorageOption& best = report.options[0];
    EXPECT_TRUE(best.in_budget);
    EXPECT_NE(report.explanation.find(best.name), std::string::npos);
    Apply(best.index);
    const double memory = MemoryOf(best.index);
    EXPECT_LE(memory, 1.03 * static_cast<double>(request.budget_bytes)) << best.name;
    EXPECT_NEAR(memory / (best.memory_bytes * kPoints), 1.0, 0.05) << best.name;
    EXPECT_NEAR(Recall(), best.recall, 0.03) << best.name;
  }
  EXPECT_TRUE(std::filesystem::exists(directory_.path()));
}

TEST_F(StorageTest, ATargetIsReachedWithTheLeastMemory) {
  Fill(StorageSchema(1, Metric::kCosine));
  double last = 0;
  for (const double target : {0.7, 0.9, 0.99}) {
    const StorageReport report = Recommend({.field = "v", .target_recall = target});
    ASSERT_TRUE(report.found) << report.explanation;
    const StorageOption& best = report.options[0];
    EXPECT_GE(best.recall, target);
    EXPECT_GE(best.memory_bytes, last) << "more costs more";
    last = best.memory_bytes;
    for (const StorageOption& other : report.options) {
      if (other.recall >= target) {
        EXPECT_GE(other.memory_bytes, best.memory_bytes) << other.name;
      }
    }
    Apply(best.index);
    EXPECT_GE(Recall(), target - 0.03) << best.name;
  }
  // Both: what is over the budget is no answer.
  StorageRequest both{.field = "v", .target_recall = 0.9};
  both.budget_bytes = static_cast<uint64_t>(0.25 * kF32);
  const StorageReport report = Recommend(both);
  ASSERT_TRUE(report.found);
  EXPECT_TRUE(report.options[0].in_budget && report.options[0].reaches_target);
  both.budget_bytes = static_cast<uint64_t>(0.06 * kF32);
  both.target_recall = 1.0;
  EXPECT_FALSE(Recommend(both).found);
}

TEST_F(StorageTest, WithoutABudgetTheMemoryLimitIsOne) {
  Fill(StorageSchema(1));
  const StorageReport report = Recommend({.field = "v"});
  EXPECT_TRUE(report.found);
  EXPECT_GT(report.budget_bytes, 0u);
  EXPECT_LE(report.budget_bytes, database_->Memory().limit);
  EXPECT_GE(report.options[0].recall, 0.99) << "there is room for anything";
}

TEST_F(StorageTest, AGraphOfAPartOfTheRowsPromisesNoMoreThanItIsSearchedFor) {
  Fill(StorageSchema(1));
  StorageRequest request{.field = "v"};
  request.budget_bytes = static_cast<uint64_t>(2 * kF32);
  const auto best_graph = [&] {
    double best = 0;
    for (const StorageOption& option : Recommend(request).options) {
      const bool graph = option.index.kind == IndexKind::kGraph;
      if (graph && option.rows > 4'000) best = std::max(best, option.recall);
    }
    return best;
  };
  EXPECT_GT(best_graph(), 0.99);
  request.sample_rows = 4'500;
  const double of_a_part = best_graph();
  EXPECT_GT(of_a_part, 0.95);
  EXPECT_LE(of_a_part, 0.99);
}

TEST_F(StorageTest, QueriesMayBeGiven) {
  Fill(StorageSchema(1));
  StorageRequest request{.field = "v", .budget_bytes = 300'000};
  for (uint64_t i = 0; i < 20; ++i) {
    request.queries.emplace_back(std::span<const float>(StructuredVector(2'000'000 + i)));
  }
  const StorageReport report = Recommend(request);
  EXPECT_EQ(report.queries, 20u);
  EXPECT_EQ(report.sampled_rows, kPoints);
  request.queries[3] = VectorValue(std::vector<float>(kStorageDim + 1, 0.5f));
  const auto wrong = collection_->RecommendStorage(request, {}, {});
  EXPECT_EQ(wrong.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(wrong.status().field().find("queries[3]"), std::string::npos)
      << wrong.status().ToString();
}

TEST_F(StorageTest, WrongRequestsSaySo) {
  Fill(StorageSchema(1), 3'000);
  const auto status_of = [&](const StorageRequest& request) {
    return collection_->RecommendStorage(request, {}, {}).status();
  };
  ExpectInvalid(status_of({.field = "w"}), "field");
  ExpectInvalid(status_of({.field = "v", .target_recall = 1.5}), "target_recall");
  ExpectInvalid(status_of({.field = "v", .target_recall = -0.1}), "target_recall");
  ExpectInvalid(status_of({.field = "v", .k = 0}), "k");
  ExpectInvalid(status_of({.field = "v", .k = 1001}), "k");
  ExpectInvalid(status_of({.field = "v", .sample_rows = 999}), "sample_rows");
  ExpectInvalid(status_of({.field = "v", .sample_queries = 9}), "sample_queries");
  const Status small = status_of({.field = "v", .budget_bytes = 1000});
  ExpectInvalid(small, "budget_bytes");
  EXPECT_NE(small.message().find("at least about"), std::string::npos) << small.ToString();

  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  EXPECT_EQ(collection_->RecommendStorage({.field = "v"}, cancel, {}).status().code(),
            StatusCode::kCancelled);
  // Nothing is left behind, nothing has changed.
  for (const std::string& name : NamesIn(directory_.path())) {
    EXPECT_EQ(name.find("tune"), std::string::npos);
  }
  EXPECT_EQ(collection_->Schema().fields[0].index, StorageSchema(1).fields[0].index);
}

TEST_F(StorageTest, FewRowsAndBitsAreRefused) {
  Fill(StorageSchema(1), 900);
  ExpectError(collection_->RecommendStorage({.field = "v"}, {}, {}).status(),
              StatusCode::kFailedPrecondition, {"900", "1000"});
  CollectionSchema bits = SchemaOf("bits", 1);
  bits.fields[0] = {.name = "b", .dim = 64, .metric = Metric::kHamming, .storage = Dtype::kBits};
  const auto made = database_->CreateCollection(bits);
  ASSERT_OK(made.status());
  ExpectInvalid((*made)->RecommendStorage({.field = "b"}, {}, {}).status(), "field");
}

TEST_F(StorageTest, ProgressRises) {
  Fill(StorageSchema(1), 2'000);
  std::vector<double> seen;
  ASSERT_OK(collection_
                ->RecommendStorage({.field = "v", .budget_bytes = 100'000}, {},
                                   [&](double progress) { seen.push_back(progress); })
                .status());
  ASSERT_GT(seen.size(), 3u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_LE(seen.back(), 1.0);
}

}  // namespace
}  // namespace sagitta::database
