#include "base/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace sagitta::base {
namespace {

size_t ResidentKib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8));
  }
  return 0;
}

TEST(Heap, TrimGivesBackWhatLiesBelowBlocksInUse) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "another heap";
#endif
  constexpr size_t kBlocks = 4096;
  constexpr size_t kBytes = 16 << 10;  // small enough not to be a mapping of its own
  std::vector<std::unique_ptr<char[]>> blocks;
  for (size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(std::make_unique_for_overwrite<char[]>(kBytes));
    std::memset(blocks.back().get(), 1, kBytes);
  }
  const auto last = std::make_unique<std::string>(1000, 'x');  // keeps the heap's end
  blocks.clear();
  const size_t before = ResidentKib();
  if (before == 0) GTEST_SKIP() << "no /proc";
  TrimHeap();
  EXPECT_LE(ResidentKib() + kBlocks * kBytes / 1024 / 2, before);
  EXPECT_EQ(*last, std::string(1000, 'x'));
}

}  // namespace
}  // namespace sagitta::base
