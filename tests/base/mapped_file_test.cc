#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "base/file.h"
#include "tests/base/temp_directory.h"

namespace sagitta::base {
namespace {

TEST(MappedFile, MapsTheContent) {
  sagitta::testing::TempDirectory dir;
  const std::string content(100000, 'q');
  ASSERT_TRUE(WriteFileAtomically(dir / "file", content).ok());
  auto mapped = MappedFile::Open(dir / "file");
  ASSERT_TRUE(mapped.ok());
  ASSERT_EQ((*mapped)->bytes().size(), content.size());
  EXPECT_EQ(std::memcmp((*mapped)->bytes().data(), content.data(), content.size()), 0);
  EXPECT_EQ((*mapped)->path(), dir / "file");
  (*mapped)->WillNeed(5000, 10);
  (*mapped)->WillNeed(0, SIZE_MAX);
  (*mapped)->WillNeed(SIZE_MAX, 1);
  // The content outlives the name.
  ASSERT_TRUE(RemoveFile(dir / "file").ok());
  EXPECT_EQ((*mapped)->bytes().back(), std::byte{'q'});
}

TEST(MappedFile, PagesGoOutAndComeBack) {
  sagitta::testing::TempDirectory dir;
  struct statfs system {};
  ASSERT_EQ(::statfs(dir.path().c_str(), &system), 0);
  if (system.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no place to page out to";
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  constexpr size_t kMiB = size_t{1} << 20;
  const std::string content(12 * kMiB + 17, 'q');
  ASSERT_TRUE(WriteFileAtomically(dir / "file", content).ok());
  auto opened = MappedFile::Open(dir / "file");
  ASSERT_TRUE(opened.ok());
  const MappedFile& file = **opened;
  const auto sum = [&] {
    size_t total = 0;
    for (const std::byte b : file.bytes()) total += static_cast<size_t>(b);
    return total;
  };
  EXPECT_EQ(sum(), content.size() * 'q');
  EXPECT_EQ(file.ResidentBytes(0, SIZE_MAX), content.size());
  EXPECT_EQ(file.ResidentBytes(10, 2 * page), 2 * page);
  EXPECT_EQ(file.ResidentBytes(content.size(), 1), 0u);

  file.PageOut(3 * kMiB - 1, 6 * kMiB + 2);
  EXPECT_EQ(file.ResidentBytes(4 * kMiB, 4 * kMiB), 0u) << "all but the ends";
  EXPECT_EQ(file.ResidentBytes(0, 3 * kMiB), 3 * kMiB) << "its neighbours stay";
  EXPECT_EQ(file.ResidentBytes(9 * kMiB, SIZE_MAX), content.size() - 9 * kMiB);
  file.PageOut(5, 10);  // no whole page
  EXPECT_EQ(file.ResidentBytes(0, page), page);

  // What is asked for comes, all of it.
  file.WillNeed(0, SIZE_MAX);
  for (int i = 0; i < 1000 && file.ResidentBytes(0, SIZE_MAX) < content.size(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(file.ResidentBytes(0, SIZE_MAX), content.size());
  file.PageOut(0, 10 * kMiB);
  EXPECT_EQ(sum(), content.size() * 'q') << "what went out is read again";
  file.PageOut(0, SIZE_MAX);
  EXPECT_EQ(file.ResidentBytes(0, SIZE_MAX), 0u);
  file.PageOut(SIZE_MAX, 1);
}

TEST(MappedFile, EmptyAndOdd) {
  sagitta::testing::TempDirectory dir;
  ASSERT_TRUE(WriteFileAtomically(dir / "empty", "").ok());
  auto mapped = MappedFile::Open(dir / "empty");
  ASSERT_TRUE(mapped.ok());
  EXPECT_TRUE((*mapped)->bytes().empty());
  (*mapped)->WillNeed(0, 10);
  EXPECT_EQ(MappedFile::Open(dir / "none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(MappedFile::Open(dir.path()).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace sagitta::base
