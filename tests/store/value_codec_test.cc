#include "store/value_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

TEST(ValueCodecTest, EveryFlippedBitIsFound) {
  const std::string value = EncodeValue(Family::kPayload, "key", "a body");
  ASSERT_EQ(value.size(), kValueHeaderBytes + 6);
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto body = CheckValue(Family::kPayload, "key", damaged);
    ASSERT_FALSE(body.ok()) << bit;
    EXPECT_EQ(body.status().code(), StatusCode::kDataLoss);
    EXPECT_NE(body.status().message().find("payload, key 0x6b6579"), std::string::npos)
        << body.status().message();
  }
}

TEST(ValueCodecTest, EveryTruncationIsFound) {
  const std::string value = EncodeValue(Family::kPayload, "key", "a body");
  for (size_t n = 0; n < value.size(); ++n) {
    EXPECT_FALSE(CheckValue(Family::kPayload, "key", std::string_view(value).substr(0, n)).ok());
  }
}

TEST(ValueCodecTest, ValueOfAnotherKeyOrFamilyIsRefused) {
  const std::string value = EncodeValue(Family::kPayload, "key", "a body");
  EXPECT_TRUE(CheckValue(Family::kPayload, "key", value).ok());
  EXPECT_FALSE(CheckValue(Family::kPayload, "kex", value).ok());
  EXPECT_FALSE(CheckValue(Family::kRev, "key", value).ok());
}

TEST(ValueCodecTest, BodyInTwoPartsHasTheSameChecksum) {
  char header[kValueHeaderBytes];
  EncodeValueHeader(Family::kVec, "k", "one", "two", header);
  const std::string value = std::string(header, sizeof(header)) + "onetwo";
  EXPECT_TRUE(CheckValue(Family::kVec, "k", value).ok());
}

TEST(ValueCodecTest, LogOpsRoundTrip) {
  const std::vector<LogOp> ops = {{LogOp::Kind::kPut, 1, 0},
                                  {LogOp::Kind::kPut, ~uint64_t{0}, 77},
                                  {LogOp::Kind::kDelete, 300, 0}};
  const std::string value = EncodeValue(Family::kOplog, "k", EncodeLogOps(ops));
  std::vector<LogOp> read;
  ASSERT_OK(DecodeLogOps("k", value, &read));
  ASSERT_EQ(read.size(), ops.size());
  for (size_t i = 0; i < ops.size(); ++i) {
    EXPECT_EQ(read[i].kind, ops[i].kind);
    EXPECT_EQ(read[i].internal_id, ops[i].internal_id);
    EXPECT_EQ(read[i].replaced, ops[i].replaced);
  }
}

// Bodies with a right checksum but made of anything: decoders must refuse or accept, never crash.
TEST(ValueCodecTest, RandomBodiesNeverCrashDecoders) {
  std::mt19937 random(20);
  for (int round = 0; round < 50'000; ++round) {
    std::string body(random() % 40, '\0');
    for (char& c : body) c = static_cast<char>(random() % (round % 2 == 0 ? 256 : 4));
    std::vector<LogOp> ops;
    (void)DecodeLogOps("k", EncodeValue(Family::kOplog, "k", body), &ops);
    (void)DecodeIdEntry("k", EncodeValue(Family::kIdMap, "k", body));
    (void)DecodeRevEntry("k", EncodeValue(Family::kRev, "k", body));
    (void)DecodeDedup("k", EncodeValue(Family::kDedup, "k", body));
    (void)DecodeApplied(EncodeValue(Family::kMeta, kAppliedKey, body));
    const std::string vector = EncodeValue(Family::kVec, "k", body);
    const auto decoded = DecodeVector("k", vector);
    if (decoded.ok()) {
      EXPECT_EQ(decoded->bytes.size() + 3, body.size());
    }
  }
}

}  // namespace
}  // namespace sagitta::store
