#include "filter/payload_index.h"

#include <gtest/gtest.h>

#include "filter/payload_codec.h"

namespace sagitta::filter {
namespace {

using Bound = Filter::Bound;

std::vector<uint32_t> Rows(const base::Bitset& bits) {
  std::vector<uint32_t> out;
  for (uint32_t row = 0; row < bits.size(); ++row) {
    if (bits.Test(row)) out.push_back(row);
  }
  return out;
}

using List = std::vector<uint32_t>;

std::unique_ptr<PayloadIndexData> Build(PayloadIndexKind kind, const std::vector<Value>& values) {
  auto index = PayloadIndexData::Create({"p", kind});
  for (uint32_t row = 0; row < values.size(); ++row) {
    index->Add(row, *EncodePayload({{"p", values[row]}}));
  }
  return index;
}

// Exactly which rows an index is sure of, and which it leaves to the payload.
TEST(PayloadIndex, SureAndUnsureRowsByKind) {
  const int64_t odd = (int64_t{1} << 53) + 1;  // no double is that
  const std::vector<Value> values = {1, 1.0, true, "1970-01-01T00:00:00.001Z", "x", odd, Value()};
  struct Case {
    PayloadIndexKind kind;
    Filter filter;
    List sure, unsure;
  };
  using Kind = PayloadIndexKind;
  const Filter any_number = Filter::Range("p", std::nullopt, std::nullopt);
  const Filter at_one = Filter::DatetimeRange("p", Bound{1, true}, Bound{1, true});
  const Case kCases[] = {
      {Kind::kInt64, Filter::Equals("p", 1), {0}, {1}},
      {Kind::kInt64, Filter::Equals("p", true), {}, {2}},
      {Kind::kInt64, Filter::Equals("p", "x"), {}, {3, 4}},
      {Kind::kInt64, any_number, {0, 5}, {1}},
      {Kind::kInt64, at_one, {0}, {3, 4}},
      {Kind::kDouble, Filter::Equals("p", 1), {0, 1}, {5}},
      {Kind::kDouble, any_number, {0, 1}, {5}},
      {Kind::kDouble, at_one, {}, {0, 1, 3, 4, 5}},
      {Kind::kKeyword, Filter::Equals("p", "x"), {4}, {}},
      {Kind::kKeyword, Filter::Equals("p", 1), {}, {0, 1, 5}},
      {Kind::kKeyword, at_one, {3}, {0, 5}},
      {Kind::kBool, Filter::Equals("p", true), {2}, {}},
      {Kind::kBool, Filter::In("p", {false, "x"}), {}, {3, 4}},
      {Kind::kDatetime, at_one, {0, 3}, {}},
      {Kind::kDatetime, Filter::Equals("p", 1), {}, {0, 1, 3}},
      {Kind::kDatetime, Filter::Equals("p", "x"), {}, {4}},
      {Kind::kDatetime, Filter::NotIn("p", {"x"}), {0, 1, 2, 3, 5, 6}, {4}},
      {Kind::kKeyword, Filter::NotIn("p", {"x"}), {0, 1, 2, 3, 5, 6}, {}},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(static_cast<int>(c.kind) * 100 + static_cast<int>(c.filter.op));
    const auto answer = Build(c.kind, values)->Answer(c.filter, values.size());
    ASSERT_TRUE(answer);
    EXPECT_EQ(Rows(answer->matches), c.sure);
    EXPECT_EQ(answer->has_unsure, !c.unsure.empty());
    EXPECT_EQ(Rows(answer->unsure), c.unsure);
  }
}

TEST(PayloadIndex, PresenceIsExactForEveryKind) {
  for (uint8_t kind = 1; kind <= 7; ++kind) {
    const auto index = Build(static_cast<PayloadIndexKind>(kind),
                             {Value(), "", ValueList(), ValueList{Value(), 1}, ValueObject(), 7});
    index->Add(6, "");
    index->Add(8, *EncodePayload({{"q", 1}}));  // row 7 is left out
    EXPECT_EQ(Rows(index->Answer(Filter::Exists("p"), 9)->matches), (List{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(Rows(index->Answer(Filter::IsNull("p"), 9)->matches), (List{0, 3}));
    EXPECT_EQ(Rows(index->Answer(Filter::IsEmpty("p"), 9)->matches), (List{0, 1, 2, 4, 6, 7, 8}));
    EXPECT_EQ(Rows(index->Answer(Filter::IsEmpty("p"), 3)->matches), (List{0, 1, 2}));
    EXPECT_EQ(*index->Estimate(Filter::IsEmpty("p")), 7u);
    EXPECT_EQ(*index->Estimate(Filter::Exists("p")), 6u);
  }
}

TEST(PayloadIndex, AnswersNothingButLeavesOnPaths) {
  const auto index = Build(PayloadIndexKind::kKeyword, {"x"});
  EXPECT_FALSE(index->Answer(Filter::And({}), 1));
  EXPECT_FALSE(index->Answer(Filter::IdIn({PointId(1)}), 1));
  EXPECT_FALSE(index->Estimate(Filter::Or({})));
}

TEST(PayloadIndex, EstimatesCountWithoutABitmap) {
  std::vector<Value> values;
  for (int i = 0; i < 3000; ++i) values.emplace_back(i);
  const auto index = Build(PayloadIndexKind::kInt64, values);
  const Filter range = Filter::Range("p", Bound{100, true}, Bound{200, false});
  EXPECT_EQ(*index->Estimate(range), 100u);
  EXPECT_EQ(*index->Estimate(Filter::NotIn("p", {5, 6})), 2998u);
  index->Freeze();
  EXPECT_EQ(*index->Estimate(range), 100u);
}

TEST(PayloadIndex, MemoryGrowsWithContentAndShrinksWhenFrozen) {
  std::vector<Value> keywords, numbers;
  for (int i = 0; i < 50'000; ++i) {
    keywords.emplace_back("a keyword of some length " + std::to_string(i % 100));
    numbers.emplace_back(i);
  }
  const auto text = Build(PayloadIndexKind::kKeyword, keywords);
  const auto number = Build(PayloadIndexKind::kInt64, numbers);
  EXPECT_GT(number->MemoryBytes(), 50'000u * 12);
  text->Freeze();
  number->Freeze();
  EXPECT_LT(number->MemoryBytes(), 50'000u * 12 + 50'000u * 17 / 8 + 8192)
      << "values, rows, and a bit a row for each of the steps of a range";
  EXPECT_LT(text->MemoryBytes(), 50'000u * 4) << "bitmaps: about two bytes a row";
  const std::string bytes = text->Serialize();
  const auto back = PayloadIndexData::Deserialize(text->definition(), bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)->Serialize(), bytes);
}

}  // namespace
}  // namespace sagitta::filter
