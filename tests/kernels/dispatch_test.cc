#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "kernels/codes.h"
#include "kernels/kernels.h"

namespace sagitta::kernels {
namespace {

constexpr Level kAll[] = {Level::kScalar, Level::kAvx2, Level::kAvx512, Level::kAvx512Vnni,
                          Level::kAvx512Vpopcntdq, Level::kNeon};

TEST(Dispatch, NamesParseBack) {
  for (const Level level : kAll) EXPECT_EQ(ParseLevel(LevelName(level)), level);
  for (const char* bad : {"", "AVX2", "avx", "avx512 ", "avx512vnni", "sse", "2"}) {
    EXPECT_EQ(ParseLevel(bad), std::nullopt) << bad;
  }
}

TEST(Dispatch, ScalarIsAlwaysThereAndWorst) {
  const std::vector<Level> levels = AvailableLevels();
  ASSERT_FALSE(levels.empty());
  EXPECT_EQ(levels.front(), Level::kScalar);
  EXPECT_TRUE(std::is_sorted(levels.begin(), levels.end()));
}

TEST(Dispatch, ChoosesTheBestAtOrBelowWhatIsWanted) {
  const std::vector<Level> server = {Level::kScalar, Level::kAvx2, Level::kAvx512,
                                     Level::kAvx512Vnni};
  const std::vector<Level> laptop = {Level::kScalar, Level::kAvx2};
  const std::vector<Level> arm = {Level::kScalar, Level::kNeon};
  EXPECT_EQ(ChooseLevel("", server), Level::kAvx512Vnni);
  EXPECT_EQ(ChooseLevel("scalar", server), Level::kScalar);
  EXPECT_EQ(ChooseLevel("avx2", server), Level::kAvx2);
  EXPECT_EQ(ChooseLevel("avx512", server), Level::kAvx512);
  EXPECT_EQ(ChooseLevel("avx512-vnni", server), Level::kAvx512Vnni);
  EXPECT_EQ(ChooseLevel("avx512-vpopcntdq", server), Level::kAvx512Vnni);
  EXPECT_EQ(ChooseLevel("avx512-vnni", laptop), Level::kAvx2);
  EXPECT_EQ(ChooseLevel("avx512", laptop), Level::kAvx2);
  EXPECT_EQ(ChooseLevel("", arm), Level::kNeon);
  EXPECT_EQ(ChooseLevel("neon", arm), Level::kNeon);
  EXPECT_EQ(ChooseLevel("avx2", arm), Level::kScalar);
  EXPECT_EQ(ChooseLevel("turbo", laptop), Level::kAvx2);
}

// ctest runs this once for each level's name in SAGITTA_SIMD, and for one that is none.
TEST(Dispatch, ActiveLevelFollowsTheEnvironment) {
  const char* wanted = std::getenv("SAGITTA_SIMD");
  EXPECT_EQ(ActiveLevel(), ChooseLevel(wanted == nullptr ? "" : wanted, AvailableLevels()));
  EXPECT_EQ(&Codes(), &CodesAt(ActiveLevel()));
  const float v[3] = {1, 2, 2};
  EXPECT_EQ(SquaredNorm(v, 3), 9.0f);
  EXPECT_TRUE(AllFinite(v, 3));
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kI8, Dtype::kU8}) {
    const size_t place = static_cast<size_t>(dtype) - 1;
    EXPECT_EQ(ToFloat(dtype), TableAt(ActiveLevel()).to_float[place]);
    EXPECT_EQ(FromFloat(dtype), TableAt(ActiveLevel()).from_float[place]);
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kL1}) {
      EXPECT_EQ(&Distances(dtype, metric), &DistancesAt(ActiveLevel(), dtype, metric));
    }
    EXPECT_EQ(&Distances(dtype, Metric::kCosine), &Distances(dtype, Metric::kInnerProduct));
  }
}

}  // namespace
}  // namespace sagitta::kernels
