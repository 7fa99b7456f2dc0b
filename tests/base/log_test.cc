#include "base/log.h"

#include <gtest/gtest.h>

#include "sagitta/value.h"

namespace sagitta::base {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(InitLogging("text", "warn").ok()); }
};

std::string Captured(const std::function<void()>& body) {
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr();
}

TEST_F(LogTest, QuietBelowWarningsByDefault) {
  EXPECT_EQ(LogLevel(), "warn");
  EXPECT_EQ(Captured([] {
              LogDebug("d");
              LogInfo("i");
            }),
            "");
  const std::string text = Captured([] { LogWarn("{} of {}", 1, "two"); });
  EXPECT_NE(text.find("warn 1 of two\n"), std::string::npos) << text;
}

TEST_F(LogTest, Levels) {
  for (const char* level : {"trace", "debug", "info", "warn", "error", "off"}) {
    EXPECT_TRUE(SetLogLevel(level).ok());
    EXPECT_EQ(LogLevel(), level);
  }
  const Status status = SetLogLevel("loud");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("loud"), std::string::npos);
  EXPECT_EQ(LogLevel(), "off");
  EXPECT_EQ(InitLogging("xml", "info").field(), "log.format");
}

TEST_F(LogTest, OneLineARecord) {
  const std::string text = Captured([] { LogError("a\nb\x1b[31m c"); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("a\\x0ab\\x1b[31m c"), std::string::npos) << text;
}

TEST_F(LogTest, JsonParses) {
  ASSERT_TRUE(InitLogging("json", "info").ok());
  const std::string line = Captured([] { LogInfo("say \"{}\"\n", "hi"); });
  auto record = Value::ParseJson(line);
  ASSERT_TRUE(record.ok()) << line;
  const ValueObject& object = *record->AsObject();
  EXPECT_EQ(object.at("level"), Value("info"));
  EXPECT_EQ(object.at("message"), Value("say \"hi\"\n"));
  EXPECT_EQ(object.at("time").AsString()->size(), std::string("2026-11-24T08:00:00.123Z").size());
  EXPECT_NE(object.at("thread").AsInt64(), nullptr);
}

}  // namespace
}  // namespace sagitta::base
