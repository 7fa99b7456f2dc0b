#include "database/snapshot_files.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "base/file.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

namespace fs = std::filesystem;

class SnapshotFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(from_ + "/shard-0000/db");
    fs::create_directories(from_ + "/shard-0000/segments");
    fs::create_directories(from_ + "/shard-0001/segments");
    Write("shard-0000/db/CURRENT", "MANIFEST-000001\n");
    Write("shard-0000/db/000007.sst", std::string(300'000, 's'));
    Write("shard-0000/db/empty", "");
    Write("shard-0000/segments/a.seg", "segment");
    auto content = ListSnapshotContent(from_);
    ASSERT_OK(content.status());
    content_ = *content;
  }
  void TearDown() override { base::ClearFaults(); }
  void Write(const std::string& path, const std::string& content) {
    std::ofstream(from_ + "/" + path, std::ios::binary) << content;
  }

  testing::TempDirectory directory_;
  const std::string from_ = directory_ / "from";
  const std::string to_ = directory_ / "to";
  SnapshotContent content_;
};

TEST_F(SnapshotFilesTest, ListsEveryFileWithItsSizeAndHash) {
  std::map<std::string, uint64_t> sizes;
  for (const SnapshotFile& file : content_.files) {
    sizes[file.path] = file.bytes;
    EXPECT_EQ(file.xxh3, *base::HashFile(from_ + "/" + file.path));
  }
  const std::map<std::string, uint64_t> expected = {{"shard-0000/db/CURRENT", 16},
                                                    {"shard-0000/db/000007.sst", 300'000},
                                                    {"shard-0000/db/empty", 0},
                                                    {"shard-0000/segments/a.seg", 7}};
  EXPECT_EQ(sizes, expected);
  for (const SnapshotFile& file : content_.files)
    EXPECT_TRUE(IsSnapshotPath(file.path)) << file.path;
}

TEST_F(SnapshotFilesTest, EmptyFoldersBelongToIt) {
  EXPECT_THAT(content_.folders,
              ::testing::ElementsAre("shard-0000", "shard-0000/db", "shard-0000/segments",
                                     "shard-0001", "shard-0001/segments"));
  ASSERT_OK(CopySnapshotContent(from_, to_, content_));
  EXPECT_TRUE(fs::is_directory(to_ + "/shard-0001/segments"));
}

TEST_F(SnapshotFilesTest, CopiesWhatMayChangeAndLinksTheRest) {
  EXPECT_OK(CheckSnapshotContent(from_, content_));
  ASSERT_OK(CopySnapshotContent(from_, to_, content_));
  EXPECT_OK(CheckSnapshotContent(to_, content_));
  EXPECT_EQ(fs::hard_link_count(to_ + "/shard-0000/db/000007.sst"), 2u);
  EXPECT_EQ(fs::hard_link_count(to_ + "/shard-0000/segments/a.seg"), 2u);
  // A change of the copy leaves the snapshot as it is.
  std::ofstream(to_ + "/shard-0000/db/CURRENT") << "MANIFEST-000002\n";
  EXPECT_OK(CheckSnapshotContent(from_, content_));
}

TEST_F(SnapshotFilesTest, DamageIsNamed) {
  FlipByte(from_ + "/shard-0000/db/000007.sst", 299'999);
  ExpectError(CheckSnapshotContent(from_, content_), StatusCode::kDataLoss,
              {"000007.sst", "checksum"});
  fs::resize_file(from_ + "/shard-0000/db/000007.sst", 299'999);
  ExpectError(CheckSnapshotContent(from_, content_), StatusCode::kDataLoss,
              {"000007.sst", "299999", "300000"});
  fs::remove(from_ + "/shard-0000/db/000007.sst");
  ExpectError(CheckSnapshotContent(from_, content_), StatusCode::kDataLoss,
              {"000007.sst", "missing"});
}

TEST_F(SnapshotFilesTest, LinksOutOfTheSnapshotAreRefused) {
  fs::rename(from_ + "/shard-0000/segments/a.seg", directory_ / "a.seg");
  fs::create_symlink(directory_ / "a.seg", from_ + "/shard-0000/segments/a.seg");
  ExpectError(CheckSnapshotContent(from_, content_), StatusCode::kDataLoss, {"a.seg"});
  EXPECT_FALSE(ListSnapshotContent(from_).ok());
  fs::remove_all(from_ + "/shard-0000/segments");
  fs::create_directories(directory_ / "elsewhere");
  fs::rename(directory_ / "a.seg", directory_ / "elsewhere/a.seg");
  fs::create_directory_symlink(directory_ / "elsewhere", from_ + "/shard-0000/segments");
  ExpectError(CheckSnapshotContent(from_, content_), StatusCode::kDataLoss, {"a.seg"});
}

TEST_F(SnapshotFilesTest, IoErrorsAreReported) {
  for (const char* point : {"file.link", "file.map", "file.write", "file.sync", "file.sync_dir",
                            "file.make_dir", "file.open_write"}) {
    fs::remove_all(to_);
    base::ArmFault(point, base::FaultAction::kNoSpace);
    ExpectError(CopySnapshotContent(from_, to_, content_), StatusCode::kResourceExhausted, {point});
    base::ClearFaults();
  }
  base::ArmFault("file.read", base::FaultAction::kIoError);
  ExpectError(CheckSnapshotContent(from_, content_), StatusCode::kUnavailable, {"file.read"});
}

}  // namespace
}  // namespace sagitta::database
