#include "index/graph_costs.h"

#include <gtest/gtest.h>

namespace sagitta::index {
namespace {

TEST(GraphCosts, AreMeasuredOnceAndWithinReason) {
  const GraphCosts usual;
  const GraphCosts& measured = CalibrateGraphCosts();
  EXPECT_EQ(&CalibrateGraphCosts(), &measured);
  EXPECT_EQ(&CurrentGraphCosts(), &measured);
  const auto near = [](double cost, double usual_cost) {
    return cost >= usual_cost / 4.001 && cost <= usual_cost * 4.001;
  };
  EXPECT_TRUE(near(measured.scan_row, usual.scan_row)) << measured.ToString();
  EXPECT_TRUE(near(measured.scan_line, usual.scan_line)) << measured.ToString();
  EXPECT_TRUE(near(measured.walk_row, usual.walk_row)) << measured.ToString();
  EXPECT_TRUE(near(measured.walk_line, usual.walk_line)) << measured.ToString();
  EXPECT_TRUE(near(measured.vector_row, usual.vector_row)) << measured.ToString();
  EXPECT_TRUE(near(measured.vector_line, usual.vector_line)) << measured.ToString();
  EXPECT_TRUE(near(measured.prepare, usual.prepare)) << measured.ToString();
  EXPECT_TRUE(near(measured.hop, usual.hop)) << measured.ToString();
}

// Something was measured, rather than nothing: it never comes out twice the same to the last bit.
TEST(GraphCosts, ComeFromTheClock) {
  const GraphCosts a = MeasureGraphCosts(), b = MeasureGraphCosts();
  EXPECT_FALSE(a.scan_row == b.scan_row && a.walk_row == b.walk_row &&
               a.vector_line == b.vector_line && a.scan_line == b.scan_line);
}

}  // namespace
}  // namespace sagitta::index
