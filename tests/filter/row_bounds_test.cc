#include "filter/row_bounds.h"

#include <gtest/gtest.h>

namespace sagitta::filter {
namespace {

// Rows come in all nine pairs of (false, unknown, true), so that each operation shows its whole
// truth table.
RowBounds Make(const std::vector<int>& values) {
  base::Bitset sure(values.size()), unsure(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 2) sure.Set(i);
    if (values[i] == 1) unsure.Set(i);
  }
  return RowBounds::Of(std::move(sure), std::move(unsure));
}

std::vector<int> Values(const RowBounds& bounds) {
  std::vector<int> out;
  for (size_t i = 0; i < bounds.sure().size(); ++i) {
    out.push_back(bounds.sure().Test(i) ? 2 : bounds.possible().Test(i) ? 1 : 0);
  }
  return out;
}

TEST(RowBounds, TruthTables) {
  const std::vector<int> a = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  const std::vector<int> b = {0, 1, 2, 0, 1, 2, 0, 1, 2};
  RowBounds both = Make(a), either = Make(a), neither = Make(a);
  both.And(Make(b));
  either.Or(Make(b));
  neither.Not();
  EXPECT_EQ(Values(both), (std::vector<int>{0, 0, 0, 0, 1, 1, 0, 1, 2}));
  EXPECT_EQ(Values(either), (std::vector<int>{0, 1, 2, 1, 1, 2, 2, 2, 2}));
  EXPECT_EQ(Values(neither), (std::vector<int>{2, 2, 2, 1, 1, 1, 0, 0, 0}));
}

TEST(RowBounds, ExactMeetsUnknown) {
  RowBounds all = RowBounds::All(70);
  all.And(RowBounds::Unknown(70));
  EXPECT_EQ(all.sure().Count(), 0u);
  EXPECT_EQ(all.possible().Count(), 70u);
  RowBounds none = RowBounds::None(70);
  none.Or(RowBounds::All(70));
  none.Not();
  EXPECT_EQ(none.possible().Count(), 0u);
  none.Not();
  EXPECT_EQ(none.sure().Count(), 70u) << "no bits beyond the last row";
}

TEST(RowBounds, QuestionsAboutLiveRows) {
  base::Bitset live(130);
  live.Set(3);
  live.Set(129);
  base::Bitset rows(130);
  rows.Set(3);
  EXPECT_FALSE(RowBounds::Exact(rows).NoneOf(live));
  EXPECT_FALSE(RowBounds::Exact(rows).AllOf(live));
  rows.Set(129);
  EXPECT_TRUE(RowBounds::Exact(rows).AllOf(live));
  EXPECT_TRUE(RowBounds::None(130).NoneOf(live));
  EXPECT_FALSE(RowBounds::Unknown(130).NoneOf(live));
  EXPECT_EQ(RowBounds::Unknown(130).Pending(live).Count(), 2u);
  EXPECT_EQ(RowBounds::All(130).Pending(live).Count(), 0u);
}

}  // namespace
}  // namespace sagitta::filter
