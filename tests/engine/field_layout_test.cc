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

TEST(FieldLayout, KeysAndScoresAreInverse) {
  for (const Metric metric : {Metric::kL2, Metric::kL1, Metric::kInnerProduct, Metric::kCosine}) {
    for (const float score : {0.0f, 0.25f, 3.0f}) {
      EXPECT_FLOAT_EQ(KeyToScore(metric, ScoreToKey(metric, score)), score);
    }
  }
  EXPECT_LT(ScoreToKey(Metric::kL2, -1), 0);
}

}  // namespace
}  // namespace sagitta::engine
