#include "store/close_seal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

class CloseSealTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("CURRENT", "MANIFEST-000005\n");
    Write("MANIFEST-000005", "records of a manifest");
  }
  void Write(const std::string& name, const std::string& content) {
    ASSERT_OK(base::WriteFileAtomically(directory_ / name, content));
  }
  void ExpectDamage(const std::string& names) {
    const auto checked = CheckBeforeOpen(directory_.path());
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.status().code(), StatusCode::kDataLoss);
    EXPECT_NE(checked.status().message().find(names), std::string::npos)
        << checked.status().ToString();
  }

  testing::TempDirectory directory_;
};

TEST_F(CloseSealTest, GivesTheSequenceNumberBack) {
  ASSERT_OK(WriteCloseSeal(directory_.path(), 12'345));
  EXPECT_EQ(*CheckBeforeOpen(directory_.path()), 12'345u);
}

TEST_F(CloseSealTest, WithoutASealNothingIsKnown) {
  EXPECT_EQ(*CheckBeforeOpen(directory_.path()), 0u);
  EXPECT_EQ(*CheckBeforeOpen(directory_ / "absent"), 0u);
}

TEST_F(CloseSealTest, ManifestMayGrowButNotShrinkOrChange) {
  ASSERT_OK(WriteCloseSeal(directory_.path(), 7));
  Write("MANIFEST-000005", "records of a manifest, and more");
  EXPECT_EQ(*CheckBeforeOpen(directory_.path()), 7u);
  Write("MANIFEST-000005", "records of a manifes");
  ExpectDamage("MANIFEST-000005 has 20 bytes; it had 21");
  Write("MANIFEST-000005", "records oF a manifest");
  ExpectDamage("MANIFEST-000005: checksum mismatch");
  std::filesystem::remove(directory_ / "MANIFEST-000005");
  ExpectDamage("MANIFEST-000005");
}

TEST_F(CloseSealTest, AnotherManifestIsNotCompared) {
  ASSERT_OK(WriteCloseSeal(directory_.path(), 7));
  Write("MANIFEST-000009", "begun by a later open");
  Write("CURRENT", "MANIFEST-000009\n");
  std::filesystem::remove(directory_ / "MANIFEST-000005");
  EXPECT_EQ(*CheckBeforeOpen(directory_.path()), 7u);
}

TEST_F(CloseSealTest, DamagedSealIsIgnored) {
  ASSERT_OK(WriteCloseSeal(directory_.path(), 7));
  std::string seal = *base::ReadFile(directory_ / "CLOSED");
  for (size_t at = 0; at < seal.size(); ++at) {
    std::string damaged = seal;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    Write("CLOSED", damaged);
    ASSERT_EQ(*CheckBeforeOpen(directory_.path()), 0u) << at;
    Write("CLOSED", seal.substr(0, at));
    ASSERT_EQ(*CheckBeforeOpen(directory_.path()), 0u) << at;
  }
}

TEST_F(CloseSealTest, MissingCurrentBesideDataIsDamage) {
  std::filesystem::remove(directory_ / "CURRENT");
  EXPECT_EQ(*CheckBeforeOpen(directory_.path()), 0u) << "an open that a crash ended at its start";
  Write("000012.sst", "data");
  ExpectDamage("CURRENT is missing, but 000012.sst is there");
}

TEST_F(CloseSealTest, CurrentMustNameAManifest) {
  Write("CURRENT", "../elsewhere\n");
  EXPECT_EQ(WriteCloseSeal(directory_.path(), 1).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sagitta::store
