#include "tests/codec/codec_testing.h"

namespace sagitta::codec {
namespace {

// What each transform is for: SIGN finds more of components than of elements, and more of more
// numbers than there are dimensions; SQ of the first components finds more than of as few elements.
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
    EXPECT_GT(recall(CodecKind::kSign, 0, CodecTransform::kWhitening), sign);
    EXPECT_GT(recall(CodecKind::kSign, 0, CodecTransform::kSparse, 160), sign);
    EXPECT_GT(recall(CodecKind::kScalar, 8, CodecTransform::kPca, 20),
              recall(CodecKind::kScalar, 8, CodecTransform::kPca, 10));
    EXPECT_GT(recall(CodecKind::kScalar, 8, CodecTransform::kPca, 20),
              recall(CodecKind::kScalar, 8, CodecTransform::kSparse, 20));
  }
}

}  // namespace
}  // namespace sagitta::codec
