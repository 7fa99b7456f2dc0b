#include "base/growing_bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <utility>

namespace sagitta::base {
namespace {

TEST(GrowingBytes, GrowsInPlaceWithZeros) {
  GrowingBytes bytes(uint64_t{1} << 36);  // far more than is used
  std::byte* const data = bytes.data();
  for (const size_t size : {1u, 4096u, 5000u, 4000u, 3'000'000u}) {
    const size_t before = bytes.size();
    bytes.Grow(size);
    ASSERT_GE(bytes.size(), size);
    EXPECT_EQ(bytes.data(), data);
    for (size_t i = before; i < bytes.size(); ++i) ASSERT_EQ(data[i], std::byte{0});
    std::memset(data + before, 7, bytes.size() - before);
    for (size_t i = 0; i < bytes.size(); i += 97) ASSERT_EQ(data[i], std::byte{7});
  }
}

TEST(GrowingBytes, MovesItsOwner) {
  GrowingBytes first(10'000), second;
  EXPECT_EQ(second.data(), nullptr);
  first.Grow(10'000);
  std::byte* const data = first.data();
  second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_GE(second.size(), 10'000u);
  const GrowingBytes third(std::move(second));
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(GrowingBytes(0).data(), nullptr);
}

TEST(GrowingBytes, RefusesWhatNoProcessHas) {
  EXPECT_THROW(GrowingBytes(uint64_t{1} << 60), std::bad_alloc);
}

}  // namespace
}  // namespace sagitta::base
