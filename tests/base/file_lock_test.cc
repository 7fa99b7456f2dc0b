#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/base/temp_directory.h"

namespace sagitta::base {
namespace {

TEST(FileLock, RefusesASecondLockOfThisProcess) {
  sagitta::testing::TempDirectory dir;
  auto first = FileLock::Acquire(dir / "LOCK");
  ASSERT_TRUE(first.ok());
  const Status second = FileLock::Acquire(dir / "LOCK").status();
  EXPECT_EQ(second.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(second.message().find(std::to_string(::getpid())), std::string::npos)
      << second.ToString();
  EXPECT_NE(second.message().find(dir / "LOCK"), std::string::npos);
  // The refusal did not drop the first lock.
  EXPECT_FALSE(FileLock::Acquire(dir / "LOCK").ok());
  first->reset();
  EXPECT_TRUE(FileLock::Acquire(dir / "LOCK").ok());
}

TEST(FileLock, EndsWithItsProcess) {
  sagitta::testing::TempDirectory dir;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = FileLock::Acquire(dir / "LOCK");
    const char byte = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const Status refused = FileLock::Acquire(dir / "LOCK").status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find(std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(FileLock::Acquire(dir / "LOCK").ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace sagitta::base
