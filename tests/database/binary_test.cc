// Fields of BITS through the public interface: writes, updates, deletes, compaction and reopening,
// against a plain model.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <random>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

constexpr uint32_t kBits = 100;
constexpr size_t kBytes = 13;

struct Scored {
  float score;
  uint64_t id;
  friend auto operator<=>(const Scored&, const Scored&) = default;
};

class BinaryTest : public ::testing::TestWithParam<std::tuple<Metric, IndexKind>> {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_ / "data");
    CollectionSchema schema = SchemaOf("prints", 2);
    schema.fields[0] = {.name = "v",
                        .dim = kBits,
                        .metric = std::get<0>(GetParam()),
                        .storage = Dtype::kBits,
                        .index = {}};
    schema.fields[0].index.kind = std::get<1>(GetParam());
    schema.compaction.seal_rows = 800;
    const auto created = database_->CreateCollection(schema);
    ASSERT_OK(created.status());
    prints_ = *created;
    for (std::string& centre : centres_) centre = Noise(std::string(kBytes, '\0'), 0.4);
  }

  void Reopen() {
    prints_.reset();
    database_.reset();
    database_ = MustOpen(directory_ / "data");
    const auto there = database_->GetCollection("prints");
    ASSERT_OK(there.status());
    prints_ = *there;
  }

  // `bits` with each bit flipped with a probability.
  std::string Noise(std::string bits, double probability) {
    std::bernoulli_distribution flip(probability);
    for (uint32_t i = 0; i < kBits; ++i) {
      if (flip(random_)) bits[i / 8] = static_cast<char>(bits[i / 8] ^ 1 << (i % 8));
    }
    return bits;
  }
  std::string Draw() { return Noise(centres_[random_() % centres_.size()], 0.08); }

  void Write(uint64_t first, uint64_t count) {
    std::vector<UpsertPoint> points(count);
    for (uint64_t i = 0; i < count; ++i) {
      points[i].point.id = first + i;
      points[i].point.vectors["v"] = VectorValue(Dtype::kBits, model_[first + i] = Draw());
      points[i].point.payload["n"] = static_cast<int64_t>(first + i);
    }
    ASSERT_OK(prints_->Upsert(std::move(points), {}).status());
  }
  void Delete(uint64_t first, uint64_t count) {
    std::vector<PointId> ids;
    for (uint64_t id = first; id < first + count; ++id) {
      ids.emplace_back(id);
      model_.erase(id);
    }
    ASSERT_OK(prints_->Delete(ids, {}).status());
  }

  std::vector<Scored> Ranked(const std::string& query, uint64_t below) const {
    std::vector<Scored> all;
    for (const auto& [id, bits] : model_) {
      int differ = 0, either = 0;
      for (size_t i = 0; i < kBytes; ++i) {
        const auto a = static_cast<uint8_t>(query[i]), b = static_cast<uint8_t>(bits[i]);
        differ += std::popcount(static_cast<uint8_t>(a ^ b));
        either += std::popcount(static_cast<uint8_t>(a | b));
      }
      const bool jaccard = std::get<0>(GetParam()) == Metric::kJaccard;
      const float score = jaccard ? static_cast<float>(differ) / static_cast<float>(either)
                                  : static_cast<float>(differ);
      if (id < below) all.push_back({score, id});
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  // Exact answers are the model's, others nearly.
  void Check() {
    EXPECT_EQ(CountOf(*prints_), model_.size());
    double recall = 0;
    for (int i = 0; i < 20; ++i) {
      const std::string bits = Draw();
      const uint64_t below = i % 2 == 0 ? 1'000'000 : 500;
      Query query;
      query.target = VectorValue(Dtype::kBits, bits);
      if (i % 2 != 0) {
        query.filter = Filter::Range("n", std::nullopt, Filter::Bound{int64_t{500}, false});
      }
      const std::vector<Scored> truth = Ranked(bits, below);
      const auto found = prints_->Search(query, {});
      ASSERT_OK(found.status());
      ASSERT_EQ(found->hits.size(), 10u);
      for (const Hit& hit : found->hits) recall += hit.score <= truth[9].score ? 0.005 : 0;
      query.params.exact = true;
      const auto exact = prints_->Search(query, {});
      ASSERT_OK(exact.status());
      ASSERT_EQ(exact->hits.size(), 10u);
      for (size_t h = 0; h < 10; ++h) {
        EXPECT_EQ(exact->hits[h].score, truth[h].score);
        EXPECT_EQ(exact->hits[h].point.id, PointId(truth[h].id));
      }
    }
    EXPECT_GE(recall, 0.95);
  }

  void ExpectIndexed(IndexKind kind) {
    ASSERT_OK(prints_->Compact());
    ASSERT_OK(prints_->WaitIndexed(CancelToken(), nullptr));
    Query query;
    query.target = VectorValue(Dtype::kBits, Draw());
    query.explain = true;
    const auto found = prints_->Search(query, {});
    ASSERT_OK(found.status());
    bool any = false;
    for (const SegmentExplain& segment : found->info.explain->segments) {
      any |= segment.index == kind && segment.rows_live > 500;
    }
    EXPECT_TRUE(any);
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> prints_;
  std::mt19937 random_{11};
  std::vector<std::string> centres_ = std::vector<std::string>(30);
  std::map<uint64_t, std::string> model_;
};

TEST_P(BinaryTest, SurvivesUpdatesDeletesCompactionAndReopening) {
  for (uint64_t first = 0; first < 3000; first += 500) Write(first, 500);
  Check();
  Write(200, 400);
  Delete(1000, 300);
  Check();
  ExpectIndexed(std::get<1>(GetParam()));
  Check();
  Reopen();
  Check();
  Write(0, 300);
  Delete(2500, 100);
  Reopen();
  Check();
  const auto points = prints_->Get(std::vector<PointId>{17}, {.vectors = true}, {});
  ASSERT_OK(points.status());
  EXPECT_EQ(points->at(0).vectors.at("v"), VectorValue(Dtype::kBits, model_[17]));
}

TEST_P(BinaryTest, IndexesChangeWhileServing) {
  for (uint64_t first = 0; first < 2000; first += 500) Write(first, 500);
  ExpectIndexed(std::get<1>(GetParam()));
  for (const IndexKind kind :
       {IndexKind::kBinaryIvf, IndexKind::kBinaryHnsw, IndexKind::kBinaryFlat}) {
    CollectionUpdate update;
    update.fields.push_back({"v", {}});
    update.fields[0].index.kind = kind;
    ASSERT_OK(database_->UpdateCollection("prints", update).status());
    ExpectIndexed(kind);
    Check();
  }
  CollectionUpdate update;
  update.fields.push_back({"v", {}});
  update.fields[0].index.kind = IndexKind::kGraph;
  ExpectInvalid(database_->UpdateCollection("prints", update).status(), "fields[0].index.kind");
}

TEST_P(BinaryTest, WrongInputIsNamed) {
  const auto upsert = [&](VectorValue value) {
    std::vector<UpsertPoint> points(1);
    points[0].point.id = 1;
    points[0].point.vectors["v"] = std::move(value);
    return prints_->Upsert(std::move(points), {}).status();
  };
  std::string beyond(kBytes, '\0');
  beyond.back() = '\x10';  // bit 100
  ExpectInvalid(upsert(VectorValue(Dtype::kBits, beyond)), "points[0].vectors.v");
  ExpectInvalid(upsert(VectorValue(Dtype::kBits, "short")), "points[0].vectors.v");
  ExpectInvalid(upsert(VectorValue(std::vector<float>(kBits, 2.0f))), "points[0].vectors.v[0]");
  EXPECT_OK(upsert(VectorValue(std::vector<float>(kBits, 1.0f))));
  Query query;
  query.target = VectorValue(Dtype::kBits, beyond);
  ExpectInvalid(prints_->Search(query, {}).status(), "vector");
  query.target = VectorValue(std::vector<float>(kBits, 1.0f));
  const auto found = prints_->Search(query, {});
  ASSERT_OK(found.status());
  ASSERT_EQ(found->hits.size(), 1u);
  EXPECT_EQ(found->hits[0].score, 0.0f);
}

INSTANTIATE_TEST_SUITE_P(All, BinaryTest,
                         ::testing::Values(std::tuple{Metric::kHamming, IndexKind::kBinaryHnsw},
                                           std::tuple{Metric::kHamming, IndexKind::kBinaryFlat},
                                           std::tuple{Metric::kJaccard, IndexKind::kBinaryIvf}));

}  // namespace
}  // namespace sagitta::database
