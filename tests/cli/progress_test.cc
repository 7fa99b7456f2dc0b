#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sagitta::cli {
namespace {

TEST(FormatProgress, ShowsShareRateAndTimeLeft) {
  ProgressState state{"import", "points", 30'000, 60'000, {}, 25'000, 1.2};
  EXPECT_EQ(FormatProgress(state, 200),
            "import  [############------------]  50 %  30,000/60,000 points  25,000/s  ETA 1.2 s");
  state.done = 60'000;
  EXPECT_EQ(FormatProgress(state, 200),
            "import  [########################]  100 %  60,000/60,000 points  25,000/s  in 1.2 s");
}

TEST(FormatProgress, EstimatesFromTheShareWhereTheTotalIsUnknown) {
  const ProgressState state{"import", "points", 500, {}, 0.25, 10, 3};
  EXPECT_EQ(FormatProgress(state, 200),
            "import  [######------------------]  25 %  500 points  10/s  ETA 9.0 s");
}

TEST(FormatProgress, SaysElapsedTimeWhenNothingElseIsKnown) {
  EXPECT_EQ(FormatProgress({"read", "lines", 5, {}, {}, 0, 2}, 200), "read  5 lines  2.0 s");
  // A total that was wrong, or 0, divides by nothing.
  EXPECT_EQ(FormatProgress({"x", "rows", 0, 0, {}, 0, 1}, 200), "x  0/0 rows  1.0 s");
  EXPECT_NE(FormatProgress({"x", "rows", 9, 5, {}, 1, 1}, 200).find("100 %"), std::string::npos);
}

TEST(FormatProgress, KeepsTheWidth) {
  const ProgressState state{"import", "points", 30'000, 60'000, {}, 25'000, 1.2};
  EXPECT_EQ(FormatProgress(state, 40).size(), 40u);
}

TEST(Progress, OffPrintsNothingAndLinesHaveNoControls) {
  std::ostringstream err;
  {
    Progress off(err, ProgressMode::kOff, "a", "rows", 10);
    off.Update(5);
    off.Finish();
  }
  EXPECT_EQ(err.str(), "");
  {
    Progress lines(err, ProgressMode::kLines, "a", "rows", 10);
    lines.Update(5);
    lines.Update(10);
    lines.Finish();
  }
  EXPECT_EQ(err.str().find('\r'), std::string::npos);
  EXPECT_EQ(err.str().find('\x1b'), std::string::npos);
  EXPECT_NE(err.str().find("10/10 rows"), std::string::npos);
}

TEST(Progress, BarEndsItsLine) {
  std::ostringstream err;
  {
    Progress bar(err, ProgressMode::kBar, "a", "rows", 10);
    bar.Update(5);
  }
  EXPECT_EQ(err.str().front(), '\r');
  EXPECT_EQ(err.str().back(), '\n');
}

}  // namespace
}  // namespace sagitta::cli
