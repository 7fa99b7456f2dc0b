#include "base/machine_limits.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/memory_budget.h"
#include "tests/base/temp_directory.h"

namespace sagitta::base {
namespace {

class CgroupTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) {
    const std::string path = dir_ / name;
    ASSERT_TRUE(CreateDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }
  sagitta::testing::TempDirectory dir_;
};

TEST_F(CgroupTest, Version2TakesTheTightestOfAllAncestors) {
  Write("memory.max", "max\n");
  Write("a/memory.max", "1000000\n");
  Write("a/cpu.max", "150000 100000\n");
  Write("a/b/memory.max", "2000000\n");
  Write("a/b/cpu.max", "max 100000\n");
  const CgroupLimits limits = ReadCgroupLimits("0::/a/b\n", dir_.path());
  EXPECT_EQ(limits.memory_bytes, 1000000u);
  EXPECT_DOUBLE_EQ(limits.cores, 1.5);
}

TEST_F(CgroupTest, Version1) {
  Write("memory/job/memory.limit_in_bytes", "5000000\n");
  Write("cpu/job/cpu.cfs_quota_us", "50000\n");
  Write("cpu/job/cpu.cfs_period_us", "100000\n");
  const CgroupLimits limits =
      ReadCgroupLimits("12:pids:/x\n5:cpu,cpuacct:/job\n4:memory:/job\n", dir_.path());
  EXPECT_EQ(limits.memory_bytes, 5000000u);
  EXPECT_DOUBLE_EQ(limits.cores, 0.5);
}

TEST_F(CgroupTest, NoLimitsAndNonsense) {
  Write("cpu.max", "rubbish");
  Write("memory.max", "-1\n");
  for (const char* text : {"0::/\n", "", "rubbish", "0:", "::\n:::", "0::relative/path"}) {
    const CgroupLimits limits = ReadCgroupLimits(text, dir_.path());
    EXPECT_EQ(limits.memory_bytes, std::numeric_limits<uint64_t>::max()) << text;
    EXPECT_TRUE(std::isinf(limits.cores)) << text;
  }
}

TEST(Machine, HasSomething) {
  EXPECT_GE(AvailableCores(), 1u);
  EXPECT_GT(AvailableMemoryBytes(), 1u << 20);
}

}  // namespace
}  // namespace sagitta::base
