#include "engine/field_layout.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace sagitta::engine {
namespace {

VectorField Field(Metric metric, Dtype storage = Dtype::kF32) {
  return {.name = "v", .dim = 3, .metric = metric, .storage = storage};
}
VectorValue Floats(std::vector<float> values) {
  return VectorValue(std::span<const float>(values));
}

Status StorageError(const VectorField& field, const VectorValue& value) {
  return ToStorage(field, value).status();
}

TEST(FieldLayout, WrongShapesNameTheFieldAndBothNumbers) {
  const Status dim = StorageError(Field(Metric::kL2), Floats({1, 2}));
  EXPECT_EQ(dim.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(dim.field(), "vectors.v");
  EXPECT_THAT(dim.message(),
              ::testing::AllOf(::testing::HasSubstr("2"), ::testing::HasSubstr("3")));
  EXPECT_FALSE(StorageError(Field(Metric::kL2), VectorValue(Dtype::kF32, "12345")).ok());
}

TEST(FieldLayout, ElementsThatAreNoNumbersAreNamed) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const Status status = StorageError(Field(Metric::kL2), Floats({1, bad, 3}));
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.field(), "vectors.v[1]");
  }
  EXPECT_FALSE(StorageError(Field(Metric::kL2), Floats({1e19f, 0, 0})).ok());
}

TEST(FieldLayout, AZeroVectorHasNoDirection) {
  EXPECT_FALSE(StorageError(Field(Metric::kCosine), Floats({0, 0, 0})).ok());
  EXPECT_TRUE(StorageError(Field(Metric::kL2), Floats({0, 0, 0})).ok());
}

TEST(FieldLayout, IntegersMustBeWholeAndInRange) {
  EXPECT_TRUE(StorageError(Field(Metric::kL2, Dtype::kU8), Floats({0, 255, 7})).ok());
  for (const float bad : {-1.0f, 256.0f, 0.5f}) {
    const Status status = StorageError(Field(Metric::kL2, Dtype::kU8), Floats({1, 2, bad}));
    EXPECT_EQ(status.field(), "vectors.v[2]") << bad;
  }
  EXPECT_TRUE(StorageError(Field(Metric::kL2, Dtype::kI8), Floats({-128, 127, 0})).ok());
  EXPECT_FALSE(StorageError(Field(Metric::kL2, Dtype::kF16), Floats({70'000, 0, 0})).ok());
}

TEST(FieldLayout, CosineRowsHaveLengthOneAndStoredVectorsStay) {
  const VectorField field = Field(Metric::kCosine);
  for (const float scale : {1.0f, 1e-20f, 1e-30f, 1e17f}) {
    const auto stored = ToStorage(field, Floats({3 * scale, 0, 4 * scale}));
    ASSERT_TRUE(stored.ok()) << scale;
    EXPECT_EQ(stored->ToFloats()[0], 3 * scale);
    float row[3];
    WriteRow(LayoutOf(field), *stored, reinterpret_cast<std::byte*>(row));
    EXPECT_NEAR(row[0], 0.6f, 1e-6) << scale;
    EXPECT_NEAR(row[2], 0.8f, 1e-6) << scale;
  }
}

TEST(FieldLayout, BitsArePackedOrGivenAsZerosAndOnes) {
  VectorField field = Field(Metric::kHamming, Dtype::kBits);
  field.dim = 11;
  const VectorValue packed(Dtype::kBits, std::string("\x81\x04", 2));
  const auto same = ToStorage(field, packed);
  ASSERT_TRUE(same.ok()) << same.status().ToString();
  EXPECT_EQ(*same, packed);
  const auto from_floats = ToStorage(field, Floats({1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1}));
  ASSERT_TRUE(from_floats.ok()) << from_floats.status().ToString();
  EXPECT_EQ(*from_floats, packed);
  const VectorValue bytes(Dtype::kU8, std::string("\1\0\0\0\0\0\0\1\0\0\1", 11));
  EXPECT_EQ(*ToStorage(field, bytes), packed);
  EXPECT_EQ(*ToStorage(field, VectorValue(Dtype::kU8, packed.bytes)), packed);
  EXPECT_EQ(LayoutOf(field).row_bytes(), 2u);
  std::byte row[2];
  WriteRow(LayoutOf(field), packed, row);
  EXPECT_EQ(std::memcmp(row, packed.bytes.data(), 2), 0);
  const auto query = ToQueryVector(field, packed, "vector");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(std::memcmp(query->data(), packed.bytes.data(), 2), 0);
}

TEST(FieldLayout, BitsThatDoNotFitAreNamed) {
  VectorField field = Field(Metric::kHamming, Dtype::kBits);
  field.dim = 11;
  const auto message = [&](const VectorValue& value) {
    const Status status = StorageError(field, value);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.ToString();
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(message(VectorValue(Dtype::kBits, "123")), HasSubstr("3 bytes"));
  EXPECT_THAT(message(VectorValue(Dtype::kBits, std::string("\0\x08", 2))),
              HasSubstr("beyond the field's 11"));
  EXPECT_THAT(message(VectorValue(Dtype::kU8, "123")), HasSubstr("packed bits are BITS or U8"));
  EXPECT_THAT(message(VectorValue(Dtype::kU8, std::string("\0\x08", 2))),
              HasSubstr("beyond the field's 11"));
  EXPECT_THAT(message(Floats({0, 0, 0, 0.5f, 0, 0, 0, 0, 0, 0, 0})), HasSubstr("vectors.v[3]"));
  EXPECT_THAT(message(Floats({0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0})), HasSubstr("from 0 to 1"));
  const Status floats = StorageError(Field(Metric::kL2), VectorValue(Dtype::kBits, "1"));
  EXPECT_THAT(floats.message(), HasSubstr("only fields of BITS"));
}

TEST(FieldLayout, KeysAndScoresAreInverse) {
  for (const Metric metric : {Metric::kL2, Metric::kL1, Metric::kInnerProduct, Metric::kCosine,
                              Metric::kHamming, Metric::kJaccard}) {
    for (const float score : {0.0f, 0.25f, 3.0f}) {
      EXPECT_FLOAT_EQ(KeyToScore(metric, ScoreToKey(metric, score)), score);
    }
  }
  EXPECT_LT(ScoreToKey(Metric::kL2, -1), 0);
}

}  // namespace
}  // namespace sagitta::engine
