#include <gtest/gtest.h>

#include <cstring>

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
