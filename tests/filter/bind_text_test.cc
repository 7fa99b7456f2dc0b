#include "filter/bind_text.h"

#include <gtest/gtest.h>

namespace sagitta::filter {
namespace {

TEST(BindText, FillsInWhatTheIndexSays) {
  const TextParams english{.stemmer = "english"};
  const TextParams own{.min_token_chars = 3};
  const std::vector<PayloadIndex> indexes = {{"k", PayloadIndexKind::kKeyword, {}},
                                             {"t", PayloadIndexKind::kText, english}};
  Filter explicit_tokens = Filter::Match("t", "x");
  explicit_tokens.tokens = own;
  const auto bound = BindText(
      Filter::And({Filter::Not(Filter::Match("t", "x")), Filter::Match("k", "x"), explicit_tokens}),
      indexes);
  ASSERT_TRUE(bound);
  EXPECT_EQ(bound->children[0].children[0].tokens, english);
  EXPECT_EQ(bound->children[1].tokens, std::nullopt) << "the defaults";
  EXPECT_EQ(bound->children[2].tokens, own);
  EXPECT_FALSE(BindText(Filter::And({explicit_tokens, Filter::Exists("t")}), indexes));
}

TEST(BindText, PathsBelowNestedAreWhole) {
  const TextParams english{.stemmer = "english"};
  const std::vector<PayloadIndex> indexes = {{"a.b.t", PayloadIndexKind::kText, english}};
  const auto bound = BindText(
      Filter::Nested("a", Filter::Or({Filter::Nested("b", Filter::Match("t", "x")),
                                      Filter::Match("b.t", "x"), Filter::Match("t", "x")})),
      indexes);
  ASSERT_TRUE(bound);
  const Filter& any = bound->children[0];
  EXPECT_EQ(any.children[0].children[0].tokens, english);
  EXPECT_EQ(any.children[1].tokens, english);
  EXPECT_EQ(any.children[2].tokens, std::nullopt);
}

}  // namespace
}  // namespace sagitta::filter
