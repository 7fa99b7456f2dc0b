#include <gtest/gtest.h>

#include "base/fault.h"
#include "store/shard_store.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

class ShardManifestTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    store_.reset();
    store_ = MustOpen(directory_ / "db");
    ASSERT_NE(store_, nullptr);
  }
  std::vector<uint64_t> LogAfter(uint64_t after) {
    std::vector<uint64_t> seqs;
    EXPECT_OK(store_->ReplayLog(after, [&](uint64_t seq, std::span<const LogOp>) {
      seqs.push_back(seq);
      return Status::Ok();
    }));
    return seqs;
  }
  std::optional<std::string> Index(std::string_view uuid, std::string_view path) {
    auto bytes = store_->ReadPayloadIndex(uuid, path);
    EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
    return *bytes;
  }

  testing::TempDirectory directory_;
  std::unique_ptr<ShardStore> store_;
};

TEST_F(ShardManifestTest, NoneIsGenerationZero) {
  const auto manifest = store_->ReadManifest();
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->generation, 0u);
  EXPECT_TRUE(manifest->segments.empty());
}

TEST_F(ShardManifestTest, RoundTripThroughReopen) {
  const std::string tombstones(300'000, 't');
  ASSERT_OK(store_->CommitManifest({1, 9, {{"a", 10, tombstones}, {"b", 20, ""}}}));
  ASSERT_OK(store_->CommitManifest({2, 12, {{"b", 20, "x"}, {"c", 5, ""}}}));
  Reopen();
  const auto manifest = store_->ReadManifest();
  ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
  EXPECT_EQ(manifest->generation, 2u);
  EXPECT_EQ(manifest->sealed_upto, 12u);
  ASSERT_EQ(manifest->segments.size(), 2u);
  EXPECT_EQ(manifest->segments[0].uuid, "b");
  EXPECT_EQ(manifest->segments[0].tombstones, "x");
  EXPECT_EQ(manifest->segments[1].uuid, "c");
  EXPECT_EQ(manifest->segments[1].rows, 5u);
}

TEST_F(ShardManifestTest, CommitTrimsTheLogUpToSealed) {
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_OK(PutOne(*store_, i, i, i));
  ASSERT_OK(store_->CommitManifest({1, 7, {}}));
  EXPECT_EQ(LogAfter(0), LogAfter(7));
  EXPECT_EQ(LogAfter(0).front(), 8u);
  ASSERT_OK(store_->CommitManifest({2, 7, {}}));
  ASSERT_OK(store_->CommitManifest({3, 19, {}}));
  EXPECT_EQ(LogAfter(0), std::vector<uint64_t>{20});
  Reopen();
  EXPECT_EQ(LogAfter(0), std::vector<uint64_t>{20});
  EXPECT_TRUE((*store_->ReadVector(1, 0)).has_value()) << "only the log is trimmed";
  ASSERT_OK(store_->CommitManifest({4, ~uint64_t{0}, {}}));
  EXPECT_TRUE(LogAfter(0).empty());
}

TEST_F(ShardManifestTest, GoingBackIsRefused) {
  ASSERT_OK(store_->CommitManifest({5, 9, {}}));
  EXPECT_EQ(store_->CommitManifest({5, 9, {}}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_->CommitManifest({6, 8, {}}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_->CommitManifest({6, 9, {{"", 1, ""}}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->ReadManifest()->generation, 5u);
}

TEST_F(ShardManifestTest, PayloadIndexesGoWithTheirSegment) {
  ASSERT_OK(store_->CommitManifest({1, 1, {{"old", 1, ""}}}));
  ASSERT_OK(store_->PutPayloadIndex("old", "color", "old color"));
  const std::string large(1 << 20, 'L');
  ASSERT_OK(store_->PutPayloadIndex("new", "color", large));
  ASSERT_OK(store_->PutPayloadIndex("new", "size", "new size"));
  ASSERT_OK(store_->PutPayloadIndex("building", "color", "of a segment not listed yet"));
  ASSERT_OK(store_->CommitManifest({2, 1, {{"new", 1, ""}}}));
  EXPECT_EQ(Index("old", "color"), std::nullopt);
  EXPECT_EQ(Index("new", "color"), large);
  EXPECT_EQ(Index("new", "size"), "new size");
  EXPECT_TRUE(Index("building", "color").has_value());
  Reopen();
  EXPECT_EQ(Index("new", "color"), large);
  EXPECT_EQ(Index("building", "color"), std::nullopt) << "its build did not survive either";
}

TEST_F(ShardManifestTest, RemovePayloadIndexIsByPathOverAllSegments) {
  ASSERT_OK(store_->PutPayloadIndex("a", "color", "1"));
  ASSERT_OK(store_->PutPayloadIndex("b", "color", "2"));
  ASSERT_OK(store_->PutPayloadIndex("b", "colors", "3"));
  ASSERT_OK(store_->RemovePayloadIndex("color"));
  EXPECT_EQ(Index("a", "color"), std::nullopt);
  EXPECT_EQ(Index("b", "color"), std::nullopt);
  EXPECT_EQ(Index("b", "colors"), "3");
  EXPECT_OK(store_->RemovePayloadIndex("never there"));
}

TEST_F(ShardManifestTest, PayloadIndexRefusesBadUuids) {
  EXPECT_EQ(store_->PutPayloadIndex("", "p", "x").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->PutPayloadIndex(std::string(256, 'u'), "p", "x").code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Index(std::string(256, 'u'), "p"), std::nullopt);
}

TEST_F(ShardManifestTest, FailedCommitLeavesTheOldManifest) {
  ASSERT_OK(store_->CommitManifest({1, 1, {{"a", 1, "t"}}}));
  base::ArmFault("store.manifest", base::FaultAction::kIoError);
  EXPECT_FALSE(store_->CommitManifest({2, 2, {}}).ok());
  base::ClearFaults();
  EXPECT_EQ(store_->ReadManifest()->generation, 1u);
  EXPECT_EQ(store_->ReadManifest()->segments.at(0).tombstones, "t");
}

}  // namespace
}  // namespace sagitta::store
