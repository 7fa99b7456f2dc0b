#include "server/units.h"

#include <gtest/gtest.h>

namespace sagitta::server {
namespace {

TEST(Units, BytesTakeBinaryAndDecimalSuffixes) {
  const std::pair<const char*, uint64_t> cases[] = {{"0", 0},
                                                    {"4096", 4096},
                                                    {"1B", 1},
                                                    {"16MiB", 16ull << 20},
                                                    {"2 GiB", 2ull << 30},
                                                    {"3GB", 3000000000ull},
                                                    {"1KB", 1000},
                                                    {"1TiB", 1ull << 40}};
  for (const auto& [text, bytes] : cases) {
    auto parsed = ParseBytes(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(Units, BadBytesAreRefusedWithTheText) {
  for (const char* text :
       {"", "MiB", "1.5MiB", "-1", "16mib", "16 MiB x", "99999999TiB", "18446744073709551616"}) {
    auto parsed = ParseBytes(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.status().message().find('"' + std::string(text) + '"'), std::string::npos);
  }
}

TEST(Units, DurationsNeedAUnit) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0}, {"500ms", 500}, {"30s", 30000}, {"5m", 300000}, {"1h", 3600000}, {"2d", 172800000}};
  for (const auto& [text, ms] : cases) {
    auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed->count(), ms) << text;
  }
  for (const char* text : {"30", "s", "1.5s", "-1s", "30 sec"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Units, FormattingIsTheInverseOfParsing) {
  for (uint64_t bytes : {0ull, 1ull, 1023ull, 1024ull, 16ull << 20, (1ull << 30) + 1}) {
    EXPECT_EQ(*ParseBytes(FormatBytes(bytes)), bytes);
  }
  for (int64_t ms : {0, 1, 999, 1000, 90000, 3600000, 86400001}) {
    const std::chrono::milliseconds duration(ms);
    EXPECT_EQ(*ParseDuration(FormatDuration(duration)), duration);
  }
}

TEST(Units, HostPortKnowsLoopback) {
  struct Case {
    const char* text;
    const char* host;
    uint16_t port;
    bool loopback;
  };
  const Case cases[] = {{"127.0.0.1:6980", "127.0.0.1", 6980, true},
                        {"127.9.9.9:1", "127.9.9.9", 1, true},
                        {"localhost:0", "localhost", 0, true},
                        {"[::1]:65535", "::1", 65535, true},
                        {"0.0.0.0:80", "0.0.0.0", 80, false},
                        {"[::]:80", "::", 80, false},
                        {"10.0.0.1:80", "10.0.0.1", 80, false},
                        {"127.0.0.1.example.com:80", "127.0.0.1.example.com", 80, false}};
  for (const Case& c : cases) {
    auto parsed = ParseHostPort(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed->host, c.host);
    EXPECT_EQ(parsed->port, c.port);
    EXPECT_EQ(parsed->is_loopback(), c.loopback) << c.text;
    EXPECT_EQ(parsed->ToString(), c.text);
  }
  for (const char* text : {"", ":80", "host", "host:", "host:65536", "host:-1", "::1:80", "[]:1"}) {
    EXPECT_FALSE(ParseHostPort(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sagitta::server
