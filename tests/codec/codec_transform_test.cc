#include "tests/codec/codec_testing.h"

namespace sagitta::codec {
namespace {

// What each transform is for: SIGN finds more of numbers that are alike, and of more numbers than
// there are dimensions; few bits each find more of components that are alike; SQ finds more of the
// first components than of as many random numbers.
TEST(Codec, TransformsFindMoreWhereTheyShould) {
  const std::vector<float> rows = Rows(kRows, 18), queries = Rows(40, 19);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    const auto recall = [&](CodecKind kind, uint32_t bits, CodecTransform transform,
                            uint32_t width = 0) {
      return Recall(*Train({.kind = kind,
                            .metric = metric,
                            .bits = bits,
                            .transform = transform,
                            .width = width},
                           rows),
                    rows, queries);
    };
    const double sign = recall(CodecKind::kSign, 0, CodecTransform::kUsual);
    EXPECT_GT(recall(CodecKind::kSign, 0, CodecTransform::kRotation), sign + 0.1);
    EXPECT_GT(recall(CodecKind::kSign, 0, CodecTransform::kSparse, 160), sign);
    EXPECT_GT(recall(CodecKind::kRotated, 4, CodecTransform::kWhitening),
              recall(CodecKind::kRotated, 4, CodecTransform::kPca) + 0.1);
    EXPECT_GT(recall(CodecKind::kScalar, 8, CodecTransform::kPca, 20),
              recall(CodecKind::kScalar, 8, CodecTransform::kPca, 10));
    EXPECT_GT(recall(CodecKind::kScalar, 8, CodecTransform::kPca, 20),
              recall(CodecKind::kScalar, 8, CodecTransform::kSparse, 20));
  }
}

}  // namespace
}  // namespace sagitta::codec
