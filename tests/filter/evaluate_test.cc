#include "filter/evaluate.h"

#include <gtest/gtest.h>

#include "filter/payload_codec.h"
#include "tests/filter/memory_rows.h"

namespace sagitta::filter {
namespace {

// 1,000 rows: k is "rare" in one of 100, n counts (and is a double in row 500), u is n without an
// index.
class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() : rows_({{"k", PayloadIndexKind::kKeyword}, {"n", PayloadIndexKind::kInt64}}) {
    for (int64_t row = 0; row < 1000; ++row) {
      rows_.Add(static_cast<uint64_t>(row),
                *EncodePayload({{"k", row % 100 == 7 ? "rare" : "common"},
                                {"n", row == 500 ? Value(500.0) : Value(row)},
                                {"u", row}}));
    }
  }

  base::Bitset Run(const Filter& filter) {
    rows_.ResetCount();
    info_ = {};
    auto found = Evaluate(filter, rows_, live_, CancelToken(), &info_);
    EXPECT_TRUE(found.ok());
    return *found;
  }

  MemoryRows rows_;
  base::Bitset live_ = base::Bitset(1000, true);
  EvaluateInfo info_;
  const Filter rare_ = Filter::Equals("k", "rare");
  const Filter odd_ = Filter::Range("u", Filter::Bound{500, true}, std::nullopt);  // unindexed
};

TEST_F(EvaluateTest, IndexedFiltersReadNoPayload) {
  EXPECT_EQ(Run(rare_).Count(), 10u);
  EXPECT_EQ(Run(Filter::And({})).Count(), 1000u);
  EXPECT_EQ(Run(Filter::Or({})).Count(), 0u);
  EXPECT_EQ(Run(Filter::Not(rare_)).Count(), 990u);
  EXPECT_EQ(Run(Filter::IdIn({PointId(3), PointId(5000)})).Count(), 1u);
  EXPECT_EQ(rows_.payloads_read(), 0u);
  EXPECT_FALSE(info_.scanned);
}

TEST_F(EvaluateTest, UnindexedFiltersScanAndSaySo) {
  EXPECT_EQ(Run(odd_).Count(), 500u);
  EXPECT_EQ(rows_.payloads_read(), 1000u);
  EXPECT_TRUE(info_.scanned);
  EXPECT_EQ(info_.unindexed, std::set<std::string>{"u"});
}

TEST_F(EvaluateTest, ASelectiveConjunctPrunesTheScan) {
  EXPECT_EQ(Run(Filter::And({odd_, rare_})).Count(), 5u);
  EXPECT_EQ(rows_.payloads_read(), 10u);
  EXPECT_TRUE(info_.scanned);
  EXPECT_EQ(Run(Filter::Or({odd_, Filter::Not(rare_)})).Count(), 995u);
  EXPECT_EQ(rows_.payloads_read(), 10u);
  EXPECT_EQ(Run(Filter::And({odd_, Filter::IdIn({PointId(600), PointId(2)})})).Count(), 1u);
  EXPECT_EQ(rows_.payloads_read(), 2u);
}

TEST_F(EvaluateTest, WhatCannotMatterIsNotAsked) {
  EXPECT_EQ(Run(Filter::And({odd_, Filter::Equals("k", "none")})).Count(), 0u);
  EXPECT_FALSE(info_.scanned);
  EXPECT_EQ(Run(Filter::Or({odd_, Filter::Exists("k")})).Count(), 1000u);
  EXPECT_FALSE(info_.scanned);
  EXPECT_EQ(rows_.payloads_read(), 0u);
}

// An index of another kind still knows who has the path; that payloads are read all the same is
// said.
TEST_F(EvaluateTest, AConditionForAnotherKindOfIndexScansWhatHasThePath) {
  for (int i = 0; i < 5; ++i) {
    rows_.Add(PointId(uint64_t{1000} + i),
              *EncodePayload({{i < 4 ? "k" : "w", ValueObject{{"lon", i}, {"lat", 10}}}}));
  }
  live_ = base::Bitset(1005);
  for (size_t row = 990; row < 1005; ++row) live_.Set(row);
  const base::Bitset found = Run(Filter::GeoInBox("k", {1, 5, 2, 15}));
  EXPECT_EQ(found.Count(), 2u);
  EXPECT_TRUE(found.Test(1001) && found.Test(1002));
  EXPECT_EQ(rows_.payloads_read(), 14u);
  EXPECT_TRUE(info_.scanned);
  EXPECT_EQ(info_.unindexed, std::set<std::string>{"k"});
}

// Row r has the objects {x: r % 10, y: 0} and {x: 0, y: r % 10}.
class NestedTest : public ::testing::Test {
 protected:
  explicit NestedTest(const std::vector<PayloadIndex>& indexes = {{"a.x", PayloadIndexKind::kInt64},
                                                                  {"a.y",
                                                                   PayloadIndexKind::kInt64}})
      : rows_(indexes) {
    for (int row = 0; row < 1000; ++row) {
      const ValueList objects = {ValueObject{{"x", row % 10}, {"y", 0}},
                                 ValueObject{{"x", 0}, {"y", row % 10}, {"z", row}}};
      rows_.Add(static_cast<uint64_t>(row), *EncodePayload({{"a", objects}}));
    }
  }
  size_t Count(const Filter& inner) {
    rows_.ResetCount();
    info_ = {};
    const Filter filter = Filter::Nested("a", inner);
    auto found = Evaluate(filter, rows_, base::Bitset(rows_.rows(), true), CancelToken(), &info_);
    EXPECT_TRUE(found.ok());
    for (size_t row = 0; row < rows_.rows(); ++row) {
      EXPECT_EQ(found->Test(row), Matches(filter, rows_.payload(row), rows_.id(row))) << row;
    }
    return found->Count();
  }
  using Paths = std::set<std::string>;

  MemoryRows rows_;
  EvaluateInfo info_;
};

TEST_F(NestedTest, OneConditionIsAnsweredByItsIndex) {
  EXPECT_EQ(Count(Filter::Equals("x", 7)), 100u);
  EXPECT_EQ(Count(Filter::Or({Filter::Equals("x", 7), Filter::Equals("y", 3)})), 200u);
  EXPECT_EQ(Count(Filter::And({Filter::Equals("x", 7)})), 100u);
  EXPECT_EQ(Count(Filter::Or({})), 0u);
  EXPECT_EQ(rows_.payloads_read(), 0u);
  EXPECT_FALSE(info_.scanned);
}

TEST_F(NestedTest, SeveralAreNarrowedToRowsThatHaveEach) {
  EXPECT_EQ(Count(Filter::And({Filter::Equals("x", 7), Filter::Equals("y", 7)})), 0u);
  EXPECT_EQ(rows_.payloads_read(), 100u) << "both values are there, in different objects";
  EXPECT_FALSE(info_.scanned);
  EXPECT_EQ(Count(Filter::And({Filter::Equals("x", 7), Filter::Equals("y", 6)})), 0u);
  EXPECT_EQ(rows_.payloads_read(), 0u);
  EXPECT_EQ(Count(Filter::And({Filter::Equals("x", 7), Filter::Equals("y", 0)})), 100u);
  EXPECT_EQ(Count(Filter::And({Filter::Equals("y", 7), Filter::Equals("z", 7)})), 1u);
  EXPECT_EQ(rows_.payloads_read(), 100u);
  EXPECT_EQ(info_.unindexed, Paths{"a.z"});
}

TEST_F(NestedTest, WhatNoIndexNarrowsIsAScan) {
  EXPECT_EQ(Count(Filter::Not(Filter::Equals("x", 0))), 900u);
  EXPECT_EQ(rows_.payloads_read(), 1000u);
  EXPECT_TRUE(info_.scanned);
  EXPECT_EQ(info_.unindexed, Paths{"a"});
  EXPECT_EQ(Count(Filter::Equals("z", 7)), 1u);
  EXPECT_EQ(info_.unindexed, Paths{"a.z"});
  EXPECT_EQ(Count(Filter::And({Filter::Not(Filter::Exists("z")), Filter::Equals("x", 7)})), 100u);
  EXPECT_EQ(rows_.payloads_read(), 100u);
  EXPECT_FALSE(info_.scanned);
}

TEST_F(EvaluateTest, IrregularRowsAreCheckedWithoutCountingAsAScan) {
  const base::Bitset found = Run(Filter::Equals("n", 500));
  EXPECT_EQ(found.Count(), 1u);
  EXPECT_TRUE(found.Test(500));
  EXPECT_EQ(rows_.payloads_read(), 1u);
  EXPECT_FALSE(info_.scanned);
  EXPECT_TRUE(info_.unindexed.empty());
}

TEST_F(EvaluateTest, OnlyLiveRowsAreRead) {
  live_ = base::Bitset(1000);
  live_.Set(999);
  live_.Set(1);
  const base::Bitset found = Run(odd_);
  EXPECT_EQ(rows_.payloads_read(), 2u);
  EXPECT_TRUE(found.Test(999));
  EXPECT_FALSE(found.Test(1));
  // A live set made before the last rows came, or after more than this segment shows.
  live_ = base::Bitset(10, true);
  EXPECT_EQ(Run(odd_).size(), 1000u);
  EXPECT_EQ(rows_.payloads_read(), 10u);
  live_ = base::Bitset(5000, true);
  EXPECT_EQ(Run(odd_).Count(), 500u);
}

TEST_F(EvaluateTest, CancelEndsIt) {
  CancelToken token = CancelToken::Manual();
  token.Cancel();
  const auto found = Evaluate(odd_, rows_, live_, token, nullptr);
  EXPECT_EQ(found.status().code(), StatusCode::kCancelled);
  EXPECT_EQ(rows_.payloads_read(), 0u);
}

class FailingRows : public MemoryRows {
 public:
  FailingRows() : MemoryRows({}) { Add(uint64_t{1}, ""); }
  Status ReadPayloads(const base::Bitset&,
                      const std::function<Status(uint32_t, std::string_view)>&) const override {
    return Status::DataLoss("row 0");
  }
  Status MarkIds(const std::vector<PointId>&, base::Bitset*) const override {
    return Status::Unavailable("closing");
  }
};

TEST(Evaluate, PassesOnTheSourcesErrors) {
  const FailingRows rows;
  const base::Bitset live(1, true);
  EXPECT_EQ(Evaluate(Filter::Exists("a"), rows, live, CancelToken(), nullptr).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(Evaluate(Filter::IdIn({PointId(1)}), rows, live, {}, nullptr).status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace sagitta::filter
