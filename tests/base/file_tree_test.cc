#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/base/temp_directory.h"

namespace sagitta::base {
namespace {

TEST(FileTree, CreatesMissingParents) {
  sagitta::testing::TempDirectory dir;
  for (const char* name : {"a/b/c", "a/b/c", "a/b/d/", "a//e/./f", "a/b/../g"}) {
    EXPECT_TRUE(CreateDirectories(dir / name).ok()) << name;
    EXPECT_TRUE(FileExists(dir / name)) << name;
  }
  ASSERT_TRUE(WriteFileAtomically(dir / "file", "x").ok());
  const Status status = CreateDirectories(dir / "file/sub");
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(dir / "file"), std::string::npos) << status.ToString();
  EXPECT_FALSE(CreateDirectories(dir / "file").ok());
}

TEST(FileTree, ListsSorted) {
  sagitta::testing::TempDirectory dir;
  for (const char* name : {"b", "a", ".c"}) ASSERT_TRUE(WriteFileAtomically(dir / name, "").ok());
  EXPECT_EQ(*ListDirectory(dir.path()), (std::vector<std::string>{".c", "a", "b"}));
  EXPECT_EQ(ListDirectory(dir / "none").status().code(), StatusCode::kNotFound);
}

TEST(FileTree, RemovalIsIdempotentAndDoesNotFollowLinks) {
  sagitta::testing::TempDirectory dir;
  ASSERT_TRUE(CreateDirectories(dir / "tree/sub").ok());
  ASSERT_TRUE(CreateDirectories(dir / "outside").ok());
  ASSERT_TRUE(WriteFileAtomically(dir / "outside/file", "x").ok());
  ASSERT_EQ(::symlink((dir / "outside").c_str(), (dir / "tree/link").c_str()), 0);
  EXPECT_TRUE(RemoveTree(dir / "tree").ok());
  EXPECT_TRUE(RemoveTree(dir / "tree").ok());
  EXPECT_FALSE(FileExists(dir / "tree"));
  EXPECT_TRUE(FileExists(dir / "outside/file"));
  EXPECT_TRUE(RemoveFile(dir / "outside/file").ok());
  EXPECT_TRUE(RemoveFile(dir / "outside/file").ok());
  EXPECT_FALSE(RemoveFile(dir / "outside").ok());  // a directory
}

TEST(FileTree, FreeSpace) {
  sagitta::testing::TempDirectory dir;
  auto free_bytes = FreeDiskBytes(dir.path());
  ASSERT_TRUE(free_bytes.ok());
  EXPECT_GT(*free_bytes, 0u);
}

}  // namespace
}  // namespace sagitta::base
