#include "cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sagitta::cli {
namespace {

TEST(Table, AlignsByCharactersNotBytes) {
  Table table({{"NAME"}, {"N", Table::Align::kRight}});
  table.AddRow({"é", "7"});
  table.AddRow({"abcdef", "1,000"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(),
            "NAME        N\n"
            "é           7\n"
            "abcdef  1,000\n");
}

TEST(Table, StoredTextCannotDriveTheTerminal) {
  Table table({{"A"}});
  table.AddRow({"x\x1b[31m\n\t\x7f\xc2\x9b"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "A\nx\\x1b[31m\\x0a\\x09\\x7f\\x9b\n");
}

TEST(Table, LongCellsAreCut) {
  Table table({{"A"}});
  table.AddRow({std::string(120, 'x')});
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "é";
  table.AddRow({wide});
  std::ostringstream out;
  table.Print(out);
  std::istringstream lines(out.str());
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  EXPECT_EQ(line, std::string(120, 'x'));
  std::getline(lines, line);
  EXPECT_EQ(DisplayWidth(line), 120u);
  EXPECT_TRUE(line.ends_with("é…"));
}

TEST(Format, Numbers) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(12345678), "12,345,678");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.50 KiB");
  EXPECT_EQ(FormatBytes(uint64_t{20} << 30), "20.0 GiB");
  EXPECT_EQ(FormatSeconds(-1), "–");
  EXPECT_EQ(FormatSeconds(0.84), "0.8 s");
  EXPECT_EQ(FormatSeconds(245), "4:05");
  EXPECT_EQ(FormatSeconds(3723), "1:02:03");
  EXPECT_EQ(FormatTime(0), "–");
  EXPECT_EQ(FormatTime(1700000000123), "2023-11-14T22:13:20Z");
}

}  // namespace
}  // namespace sagitta::cli
