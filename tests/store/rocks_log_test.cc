#include "store/rocks_log.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/log.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

using rocksdb::InfoLogLevel;

class RocksLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = base::LogLevel();
    ASSERT_OK(base::SetLogLevel("info"));
  }
  void TearDown() override { EXPECT_OK(base::SetLogLevel(before_)); }

  std::string Written(InfoLogLevel level, const std::string& text) {
    ::testing::internal::CaptureStderr();
    rocksdb::Log(level, &log_, "%s of %d", text.c_str(), 7);
    base::Logger().flush();
    return ::testing::internal::GetCapturedStderr();
  }

  RocksLog log_{"shard /db"};
  std::string before_;
};

TEST_F(RocksLogTest, WarningsAndErrorsNameTheStore) {
  EXPECT_NE(Written(InfoLogLevel::WARN_LEVEL, "stall").find("shard /db: RocksDB:"),
            std::string::npos);
  const std::string error = Written(InfoLogLevel::ERROR_LEVEL, "failure");
  EXPECT_NE(error.find("failure of 7"), std::string::npos) << error;
  EXPECT_NE(error.find("warn"), std::string::npos) << error;
}

TEST_F(RocksLogTest, TheRestIsNotWritten) {
  EXPECT_EQ(Written(InfoLogLevel::INFO_LEVEL, "flushed"), "");
  EXPECT_EQ(Written(InfoLogLevel::DEBUG_LEVEL, "detail"), "");
  EXPECT_EQ(Written(InfoLogLevel::HEADER_LEVEL, "options"), "");
}

TEST_F(RocksLogTest, LongMessagesAreCut) {
  const std::string written = Written(InfoLogLevel::ERROR_LEVEL, std::string(100'000, 'm'));
  EXPECT_GT(written.size(), 900u);
  EXPECT_LT(written.size(), 1200u);
}

TEST_F(RocksLogTest, AStoreHasNoLogFileOfItsOwn) {
  testing::TempDirectory directory;
  MustOpen(directory / "db").reset();
  EXPECT_TRUE(std::filesystem::exists(directory / "db/CURRENT"));
  EXPECT_FALSE(std::filesystem::exists(directory / "db/LOG"));
}

}  // namespace
}  // namespace sagitta::store
