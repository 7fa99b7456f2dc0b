#include "base/names.h"

#include <gtest/gtest.h>

namespace sagitta::base {
namespace {

TEST(Names, RoundTrip) {
  for (int i = 1; i <= 6; ++i) {
    EXPECT_EQ(ParseDtype(DtypeName(static_cast<Dtype>(i))), static_cast<Dtype>(i));
  }
  for (int i = 1; i <= 7; ++i) {
    const auto kind = static_cast<PayloadIndexKind>(i);
    EXPECT_EQ(ParsePayloadIndexKind(PayloadIndexKindName(kind)), kind);
  }
  for (int i = 1; i <= 2; ++i) {
    const auto tokenizer = static_cast<TextTokenizer>(i);
    EXPECT_EQ(ParseTextTokenizer(TextTokenizerName(tokenizer)), tokenizer);
  }
  for (int i = 1; i <= 6; ++i) {
    EXPECT_EQ(ParseMetric(MetricName(static_cast<Metric>(i))), static_cast<Metric>(i));
  }
  for (int i = 1; i <= 14; ++i) {
    EXPECT_EQ(ParseIndexKind(IndexKindName(static_cast<IndexKind>(i))), static_cast<IndexKind>(i));
  }
  for (int i = 1; i <= 11; ++i) {
    EXPECT_EQ(ParseCodecKind(CodecKindName(static_cast<CodecKind>(i))), static_cast<CodecKind>(i));
  }
}

TEST(Names, Unknown) {
  EXPECT_EQ(DtypeName(static_cast<Dtype>(0)), "UNKNOWN");
  EXPECT_EQ(IndexKindName(static_cast<IndexKind>(15)), "UNKNOWN");
  EXPECT_EQ(CodecKindName(static_cast<CodecKind>(12)), "UNKNOWN");
  EXPECT_FALSE(ParseMetric("l2").has_value());
  EXPECT_FALSE(ParseDtype("").has_value());
  EXPECT_FALSE(ParseIndexKind("UNKNOWN").has_value());
}

}  // namespace
}  // namespace sagitta::base
