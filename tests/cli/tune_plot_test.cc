#include "cli/tune_plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace sagitta::cli {
namespace {

v1::StorageReport Report(int options) {
  v1::StorageReport report;
  report.set_rows(100);
  report.set_sampled_rows(100);
  for (int i = 0; i < options; ++i) {
    v1::StorageOption* option = report.add_options();
    option->set_name("a <b> & " + std::to_string(i));
    option->set_memory_bytes(16 << i);
    option->set_recall(1 - std::pow(0.1, 1 + i));
  }
  return report;
}

size_t Lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(TunePlot, PutsOptionsWhereTheyBelong) {
  v1::StorageReport report = Report(3);
  report.set_budget_bytes(100 * 32);
  const std::string text = TextPlot(report, 21, 5);
  // Bytes double and misses fall to a tenth from one to the next: a straight line.
  EXPECT_EQ(text,
            "0.9990 |          |         2\n"
            "       |          |          \n"
            "0.9900 |          1          \n"
            "       |          |          \n"
            "0.9000 |0         |          \n"
            "       +---------------------\n"
            "        16 B             64 B\n");
}

TEST(TunePlot, OneOptionAndNone) {
  EXPECT_EQ(TextPlot(Report(0), 10, 4), "");
  EXPECT_EQ(Lines(TextPlot(Report(1), 10, 4)), 6u);
  EXPECT_NE(TextPlot(Report(1), 10, 4).find('0'), std::string::npos);
  v1::StorageReport perfect = Report(1);
  perfect.mutable_options(0)->set_recall(1);
  EXPECT_EQ(TextPlot(perfect, 10, 4).find("nan"), std::string::npos);
}

TEST(TunePlot, TheImageIsXml) {
  const std::string svg = SvgPlot(Report(12));
  EXPECT_EQ(svg.find("<svg"), 0u);
  EXPECT_NE(svg.find("a &lt;b> &amp; 11"), std::string::npos);
  EXPECT_EQ(svg.find("& "), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace sagitta::cli
