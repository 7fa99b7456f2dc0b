#include "filter/datetime.h"

#include <gtest/gtest.h>

#include "sagitta/filter.h"

namespace sagitta {
namespace {

TEST(Datetime, Reads) {
  struct Case {
    const char* text;
    int64_t ms;
  };
  const Case kCases[] = {
      {"1970-01-01", 0},
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01t00:00:00z", 0},
      {"1970-01-01 00:00:00Z", 0},
      {"2026-11-24", 1795478400000},
      {"2026-11-24T08:00:00Z", 1795507200000},
      {"2026-11-24T08:00:00+08:00", 1795478400000},
      {"2026-11-23T16:30:00-07:30", 1795478400000},
      {"2026-11-24T00:00:00-00:00", 1795478400000},
      {"2026-11-24T08:00:00.5Z", 1795507200500},
      {"2026-11-24T08:00:00.123Z", 1795507200123},
      {"2026-11-24T08:00:00.1239999999Z", 1795507200123},
      {"2026-11-24T08:00:00.000000001+00:00", 1795507200000},
      {"1969-12-31T23:59:59.999Z", -1},
      {"1969-12-31T23:59:59.9999Z", -1},
      {"2024-02-29", 1709164800000},
      {"2000-02-29T00:00:00Z", 951782400000},
      {"1900-03-01", -2203891200000},
      {"0000-02-29", -62162121600000},
      {"0000-01-01T00:00:00Z", -62167219200000},
      {"9999-12-31T23:59:59.999Z", 253402300799999},
      {"2016-12-31T23:59:60Z", 1483228800000},  // the leap second
      {"2016-12-31T15:59:60-08:00", 1483228800000},
      {"2017-01-01T05:29:60+05:30", 1483228800000},
  };
  for (const Case& c : kCases) {
    const auto ms = ParseDatetimeMs(c.text);
    ASSERT_TRUE(ms.ok()) << c.text << ": " << ms.status().ToString();
    EXPECT_EQ(*ms, c.ms) << c.text;
  }
}

TEST(Datetime, Refuses) {
  const char* const kTexts[] = {
      "",
      "2026",
      "2026-11",
      "2026-1-24",
      "26-11-24",
      "2026-11-24T",
      "2026-11-24T08:00Z",
      "2026-11-24T08:00:00",  // no offset
      "2026-11-24T08:00:00.Z",
      "2026-11-24T08:00:00,5Z",
      "2026-11-24T08:00:00+0800",
      "2026-11-24T08:00:00+08",
      "2026-11-24T08:00:00+24:00",
      "2026-11-24T08:00:00+08:60",
      "2026-11-24T08:00:00Z ",
      " 2026-11-24",
      "2026-11-24T24:00:00Z",
      "2026-11-24T08:60:00Z",
      "2026-11-24T08:00:61Z",
      "2026-11-24T08:00:60Z",  // no leap second then
      "2016-12-31T23:59:60+01:00",
      "2026-00-10",
      "2026-13-10",
      "2026-10-00",
      "2026-10-32",
      "2026-04-31",
      "2026-02-29",
      "1900-02-29",
      "2100-02-29",
      "+2026-11-24",
      "2026-11-24T08:00:00.1234567890123456789012345678901234567890123456789Z",
  };
  for (const char* text : kTexts) {
    const auto ms = ParseDatetimeMs(text);
    EXPECT_FALSE(ms.ok()) << text;
    EXPECT_EQ(ms.status().code(), StatusCode::kInvalidArgument) << text;
  }
}

// Every day of 1,200 years in order: no gap, no repetition, and no day that the calendar lacks.
TEST(Datetime, DaysAreConsecutive) {
  int64_t expected = -62167219200000;
  int days = 0;
  char text[16];
  for (int year = 0; year < 1200; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= 31; ++day) {
        std::snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
        int64_t ms;
        if (!filter::ParseDatetime(text, &ms)) continue;
        ASSERT_EQ(ms, expected) << text;
        expected += 86'400'000;
        ++days;
      }
    }
  }
  EXPECT_EQ(days, 3 * 146097);  // a Gregorian cycle has 146,097 days
}

}  // namespace
}  // namespace sagitta
