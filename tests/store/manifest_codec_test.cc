#include "store/manifest_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "store/value_codec.h"

namespace sagitta::store {
namespace {

std::string Stored(std::string_view body) { return EncodeValue(Family::kMeta, kManifestKey, body); }

TEST(ManifestCodecTest, RoundTrip) {
  const Manifest manifest{7, 1234, {{"uuid-a", 10, "dead"}, {"uuid-b", ~uint64_t{0}, ""}}};
  const std::string value = Stored(EncodeManifestList(manifest));
  const auto list = DecodeManifestList(value);
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  EXPECT_EQ(list->generation, 7u);
  EXPECT_EQ(list->sealed_upto, 1234u);
  ASSERT_EQ(list->segments.size(), 2u);
  EXPECT_EQ(list->segments[0].uuid, "uuid-a");
  EXPECT_EQ(list->segments[1].rows, ~uint64_t{0});
}

TEST(ManifestCodecTest, TombstonesOfAnotherGenerationAreRefused) {
  const Manifest manifest{1, 1, {{"u", 10, "dead"}}};
  const auto list = DecodeManifestList(Stored(EncodeManifestList(manifest)));
  ASSERT_TRUE(list.ok());
  const std::string key = TombstoneKey("u");
  EXPECT_TRUE(DecodeTombstones(list->segments[0], EncodeValue(Family::kMeta, key, "dead")).ok());
  const auto other = DecodeTombstones(list->segments[0], EncodeValue(Family::kMeta, key, "DEAD"));
  EXPECT_EQ(other.status().code(), StatusCode::kDataLoss);
}

TEST(ManifestCodecTest, TruncatedAndRandomBodiesAreRefused) {
  const std::string body = EncodeManifestList({7, 1234, {{"uuid-a", 10, "dead"}}});
  for (size_t n = 0; n < body.size(); ++n) {
    EXPECT_FALSE(DecodeManifestList(Stored(body.substr(0, n))).ok()) << n;
  }
  EXPECT_FALSE(DecodeManifestList(Stored(body + "x")).ok());
  std::mt19937 random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string noise(16 + random() % 60, '\0');
    for (char& c : noise) c = static_cast<char>(random() % 8);
    (void)DecodeManifestList(Stored(noise));
  }
}

TEST(ManifestCodecTest, ValidateNamesTheSegment) {
  const Status twice = ValidateManifest({1, 1, {{"u", 1, ""}, {"u", 1, ""}}});
  EXPECT_EQ(twice.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(twice.field(), "manifest.segments[1].uuid");
  EXPECT_FALSE(ValidateManifest({1, 1, {{"", 1, ""}}}).ok());
  EXPECT_FALSE(ValidateManifest({1, 1, {{std::string(256, 'u'), 1, ""}}}).ok());
}

}  // namespace
}  // namespace sagitta::store
