// TEXT indexes: which rows they are sure of, what their bytes depend on.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "filter/payload_codec.h"
#include "filter/payload_index.h"

namespace sagitta::filter {
namespace {

using List = std::vector<uint32_t>;

List Rows(const base::Bitset& bits) {
  List out;
  for (uint32_t row = 0; row < bits.size(); ++row) {
    if (bits.Test(row)) out.push_back(row);
  }
  return out;
}

std::unique_ptr<PayloadIndexData> Build(const TextParams& params) {
  const std::vector<Value> values = {
      "Red shoes", "blue shoes", ValueList{"red hat", "blue shoes"}, "shoes, red",
      42,          "...",        ValueList{"Red", "shoes", 7}};
  auto index = PayloadIndexData::Create({"p", PayloadIndexKind::kText, params});
  for (uint32_t row = 0; row < values.size(); ++row) {
    index->Add(row, *EncodePayload({{"p", values[row]}}));
  }
  return index;
}

TEST(TextIndex, SureAndUnsureRows) {
  using enum TextMatch;
  struct Case {
    Filter filter;
    List sure, unsure;
  };
  const Case kCases[] = {
      {Filter::Match("p", "shoes", kAll), {0, 1, 2, 3, 6}, {}},
      {Filter::Match("p", "RED hat", kAny), {0, 2, 3, 6}, {}},
      // Row 2 has the words in two strings: only the payload tells.
      {Filter::Match("p", "red shoes", kAll), {0, 3}, {2, 6}},
      {Filter::Match("p", "red red", kAll), {0, 2, 3, 6}, {}},
      {Filter::Match("p", "red shoes", kPhrase), {}, {0, 2, 3, 6}},
      {Filter::Match("p", "red", kPhrase), {0, 2, 3, 6}, {}},
      {Filter::Match("p", "red red", kPhrase), {}, {0, 2, 3, 6}},
      {Filter::Match("p", "red boots", kAll), {}, {}},
      {Filter::Match("p", "boots red", kPhrase), {}, {}},
      {Filter::Match("p", "...", kAny), {}, {}},
      {Filter::Equals("p", "Red shoes"), {}, {0, 2, 3, 6}},
      {Filter::Equals("p", "..."), {}, {0, 1, 2, 3, 5, 6}},
      {Filter::Equals("p", "boots"), {}, {}},
      {Filter::Equals("p", 42), {}, {4, 6}},
      {Filter::NotIn("p", {"hat"}), {0, 1, 3, 4, 5, 6}, {2}},
      {Filter::DatetimeRange("p", std::nullopt, std::nullopt), {}, {0, 1, 2, 3, 4, 5, 6}},
  };
  const auto index = Build({});
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.filter.text + " " + std::to_string(static_cast<int>(c.filter.op)));
    const auto answer = index->Answer(c.filter, 7);
    ASSERT_TRUE(answer);
    EXPECT_EQ(Rows(answer->matches), c.sure);
    EXPECT_EQ(Rows(answer->unsure), c.unsure);
    EXPECT_FALSE(answer->other_kind);
  }
}

TEST(TextIndex, ServesConditionsOfItsOwnSettingsOnly) {
  const auto index = Build({.stemmer = "english"});
  Filter filter = Filter::Match("p", "shoe");
  EXPECT_TRUE(index->Answer(filter, 7)->other_kind) << "the defaults have no stemmer";
  EXPECT_FALSE(index->Estimate(filter));
  filter.tokens = TextParams{.stemmer = "english"};
  EXPECT_EQ(Rows(index->Answer(filter, 7)->matches), (List{0, 1, 2, 3, 6}));
  EXPECT_EQ(*index->Estimate(filter), 5u);
}

TEST(TextIndex, EstimatesWhatTokensHaveInCommon) {
  auto index = PayloadIndexData::Create({"p", PayloadIndexKind::kText, {}});
  for (uint32_t row = 0; row < 6000; ++row) {
    std::string text = "all";
    if (row % 2 == 0) text += " half";
    if (row % 100 == 0) text += " few";
    if (row % 100 == 1) text += " odd";
    index->Add(row, *EncodePayload({{"p", text}}));
  }
  EXPECT_EQ(*index->Estimate(Filter::Match("p", "half all")), 3000u);
  EXPECT_EQ(*index->Estimate(Filter::Match("p", "few half all")), 60u);
  EXPECT_EQ(*index->Estimate(Filter::Match("p", "odd half")), 0u) << "never together";
  EXPECT_EQ(*index->Estimate(Filter::Match("p", "few odd", TextMatch::kAny)), 120u);
  EXPECT_EQ(*index->Estimate(Filter::Match("p", "few half", TextMatch::kPhrase)), 60u);
  EXPECT_EQ(*index->Estimate(Filter::Match("p", "none all")), 0u);
}

TEST(TextIndex, BytesOfOtherRulesAreRefused) {
  const PayloadIndex plain = {"p", PayloadIndexKind::kText, {}};
  const std::string bytes = Build({})->Serialize();
  const auto loaded = PayloadIndexData::Deserialize(plain, bytes);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ((*loaded)->Serialize(), bytes);
  EXPECT_FALSE(
      PayloadIndexData::Deserialize({"p", PayloadIndexKind::kText, {.stemmer = "english"}}, bytes)
          .ok());
  EXPECT_FALSE(
      PayloadIndexData::Deserialize({"p", PayloadIndexKind::kText, {.min_token_chars = 2}}, bytes)
          .ok());
  std::string other_icu = bytes.substr(0, bytes.size() - 4);
  other_icu[other_icu.find("icu ") + 4] = '0';
  base::PutLe(other_icu, base::Crc32c(other_icu));
  EXPECT_EQ(PayloadIndexData::Deserialize(plain, other_icu).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sagitta::filter
