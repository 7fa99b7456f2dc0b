// What an open finds: somebody else, newer versions, damage; and what goes on all the same.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

namespace fs = std::filesystem;

class OpenTest : public ::testing::Test {
 protected:
  // Two collections, closed.
  void SetUp() override {
    auto database = MustOpen(path_);
    ASSERT_NE(database, nullptr);
    for (const char* name : {"bad", "good"}) {
      auto collection = database->CreateCollection(SchemaOf(name));
      ASSERT_OK(collection.status());
      ASSERT_OK(Insert(**collection, 1, 40));
      if (name == std::string("bad")) bad_ = OnlyNewDirectory();
    }
  }
  std::string OnlyNewDirectory() {
    const auto names = NamesIn(path_ + "/collections");
    EXPECT_EQ(names.size(), 1u);
    return path_ + "/collections/" + names.at(0);
  }

  // "bad" is listed, says why it cannot serve, and can be dropped; "good" serves.
  void ExpectOnlyBadIsDamaged(const std::vector<std::string>& texts, StatusCode code) {
    auto database = MustOpen(path_);
    ASSERT_NE(database, nullptr);
    EXPECT_EQ(database->ListCollections().size(), 2u);
    auto bad = database->GetCollection("bad");
    ASSERT_OK(bad.status());
    EXPECT_EQ((*bad)->Schema(), SchemaOf("bad"));
    ExpectError((*bad)->Count({}, {}).status(), code, texts);
    ExpectError(SearchFor(**bad, 1).status(), code, texts);
    ExpectError(Insert(**bad, 1, 1), code, texts);
    ExpectError((*bad)->Stats().status(), code, texts);
    ExpectError((*bad)->CreateSnapshot().status(), code, texts);
    ExpectError((*bad)->WaitIndexed({}, {}), code, texts);
    ExpectError((*bad)->CreatePayloadIndex({"n", PayloadIndexKind::kInt64}), code, texts);
    ExpectError(database->UpdateCollection("bad", {}).status(), code, texts);
    auto good = database->GetCollection("good");
    ASSERT_OK(good.status());
    EXPECT_EQ(CountOf(**good), 40u);
    EXPECT_OK(Insert(**good, 100, 1));
    ExpectNearestIsItself(**good, 7);
    EXPECT_OK(database->DropCollection("bad"));
    ExpectError((*bad)->Count({}, {}).status(), StatusCode::kNotFound, {"dropped"});
    EXPECT_FALSE(fs::exists(bad_));
    EXPECT_OK(database->CreateCollection(SchemaOf("bad")).status());
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "data";
  std::string bad_;
};

TEST_F(OpenTest, ASecondOpenIsRefused) {
  auto database = MustOpen(path_);
  ExpectError(Database::Open(SmallOptions(path_)).status(), StatusCode::kFailedPrecondition,
              {path_, "already open", std::to_string(getpid())});
  EXPECT_EQ(CountOf(**database->GetCollection("good")), 40u);
}

TEST_F(OpenTest, ANewerVersionsDirectoryIsRefused) {
  std::ofstream(path_ + "/FORMAT") << "sagitta-data 2\n";
  ExpectError(Database::Open(SmallOptions(path_)).status(), StatusCode::kFailedPrecondition,
              {path_ + "/FORMAT", "format 2", "1 to 1"});
}

TEST_F(OpenTest, AnAbsentDirectoryIsNotFound) {
  DatabaseOptions options = SmallOptions(directory_ / "absent");
  options.create_if_missing = false;
  ExpectError(Database::Open(options).status(), StatusCode::kNotFound, {options.path});
}

TEST_F(OpenTest, ADamagedCatalogIsDataLoss) {
  const auto manifests = FilesWith(path_ + "/catalog", "MANIFEST");
  ASSERT_EQ(manifests.size(), 1u);
  fs::resize_file(manifests[0], fs::file_size(manifests[0]) / 2);
  FlipByte(manifests[0], 8);
  ExpectError(Database::Open(SmallOptions(path_)).status(), StatusCode::kDataLoss,
              {path_ + "/catalog"});
  EXPECT_EQ(NamesIn(path_ + "/collections").size(), 2u) << "nothing is tidied away";
}

TEST_F(OpenTest, ALostCatalogIsDataLoss) {
  fs::remove_all(path_ + "/catalog");
  ExpectError(Database::Open(SmallOptions(path_)).status(), StatusCode::kDataLoss,
              {path_ + "/catalog"});
  EXPECT_EQ(NamesIn(path_ + "/collections").size(), 2u);
}

TEST_F(OpenTest, ADamagedShardClosesItsCollectionOnly) {
  const auto manifests = FilesWith(bad_ + "/shard-0001", "MANIFEST");
  ASSERT_FALSE(manifests.empty());
  for (const std::string& file : manifests) FlipByte(file, fs::file_size(file) / 2);
  ExpectOnlyBadIsDamaged({bad_ + "/shard-0001"}, StatusCode::kDataLoss);
}

TEST_F(OpenTest, AMissingShardClosesItsCollectionOnly) {
  fs::remove_all(bad_ + "/shard-0001");
  ExpectOnlyBadIsDamaged({bad_ + "/shard-0001"}, StatusCode::kDataLoss);
}

TEST_F(OpenTest, AMissingCollectionDirectoryClosesItOnly) {
  fs::remove_all(bad_);
  ExpectOnlyBadIsDamaged({bad_}, StatusCode::kDataLoss);
}

TEST_F(OpenTest, WhatACrashLeftBehindIsRemoved) {
  const std::string orphan = path_ + "/collections/0f0e0d0c-0b0a-4909-8807-060504030201";
  const std::string snapshot = path_ + "/snapshots/0f0e0d0c-0b0a-4909-8807-060504030201.tmp";
  fs::copy(bad_, orphan, fs::copy_options::recursive);
  fs::create_directories(snapshot + "/shard-0000/db");
  auto database = MustOpen(path_);
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_FALSE(fs::exists(snapshot));
  EXPECT_EQ(CountOf(**database->GetCollection("bad")), 40u);
}

}  // namespace
}  // namespace sagitta::database
