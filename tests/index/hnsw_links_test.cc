// The stored links are those of the graph that was built, and every node can be reached.
#include "index/hnsw_links.h"

#include <faiss/impl/HNSW.h>
#include <gtest/gtest.h>

#include "index/hnsw_build.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr uint32_t kM = 4;  // many levels from few rows

class HnswLinksTest : public ::testing::Test {
 protected:
  void Open(size_t n) {
    data_ = std::make_unique<TestRows>(n, 8, Metric::kL2);
    auto graph = BuildHnswGraph(data_->rows(), {.m = kM, .ef_construction = 40}, {});
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    graph_ = *graph;
    auto writer = base::SectionFileWriter::Create(temp_ / "links");
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(WriteHnswLinks(*graph_, kM, "", writer->get()).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
    auto file = base::SectionFileReader::Open(temp_ / "links");
    ASSERT_TRUE(file.ok());
    file_ = std::move(*file);
    auto links = HnswLinks::Open("", n, *file_);
    ASSERT_TRUE(links.ok()) << links.status().ToString();
    links_ = std::make_unique<HnswLinks>(std::move(*links));
  }

  std::vector<uint32_t> Built(uint32_t node, int level) const {
    size_t begin = 0;
    size_t end = 0;
    graph_->neighbor_range(node, level, &begin, &end);
    std::vector<uint32_t> links;
    for (size_t i = begin; i < end && graph_->neighbors[i] >= 0; ++i) {
      links.push_back(static_cast<uint32_t>(graph_->neighbors[i]));
    }
    return links;
  }

  static std::vector<uint32_t> Stored(const uint32_t* row, uint32_t degree) {
    return {row, std::find(row, row + degree, kNoLink)};
  }

  const sagitta::testing::TempDirectory temp_;
  std::unique_ptr<TestRows> data_;
  std::shared_ptr<faiss::HNSW> graph_;
  std::unique_ptr<base::SectionFileReader> file_;
  std::unique_ptr<HnswLinks> links_;
};

TEST_F(HnswLinksTest, AreThoseOfTheGraph) {
  Open(3000);
  ASSERT_EQ(links_->header().max_level, static_cast<uint32_t>(graph_->max_level));
  EXPECT_GE(links_->header().max_level, 3u);
  uint32_t ordinal = 0;
  for (uint32_t node = 0; node < 3000; ++node) {
    ASSERT_EQ(Stored(links_->Level0(node), 2 * kM), Built(node, 0)) << "node " << node;
    if (graph_->levels[node] < 2) continue;
    ASSERT_EQ(links_->Position(ordinal), node);
    ASSERT_EQ(links_->LevelOf(ordinal), static_cast<uint32_t>(graph_->levels[node]) - 1);
    for (uint32_t level = 1; level <= links_->LevelOf(ordinal); ++level) {
      std::vector<uint32_t> stored = Stored(links_->Upper(ordinal, level), kM);
      for (uint32_t& link : stored) link = links_->Position(link);
      ASSERT_EQ(stored, Built(node, static_cast<int>(level))) << "node " << node;
    }
    ++ordinal;
  }
  EXPECT_EQ(ordinal, links_->header().upper_count);
  EXPECT_EQ(links_->Position(links_->header().entry_upper), links_->header().entry);
}

TEST_F(HnswLinksTest, ReachNearlyAllNodesFromTheEntry) {
  Open(3000);
  std::vector<bool> seen(3000);
  std::vector<uint32_t> next = {links_->header().entry};
  seen[next[0]] = true;
  size_t reached = 0;
  while (!next.empty()) {
    const uint32_t node = next.back();
    next.pop_back();
    ++reached;
    for (const uint32_t link : Stored(links_->Level0(node), 2 * kM)) {
      if (!seen[link]) next.push_back(link);
      seen[link] = true;
    }
  }
  EXPECT_GE(reached, 2970u);
}

TEST_F(HnswLinksTest, AGraphOfOneNodeHasNone) {
  Open(1);
  EXPECT_EQ(Stored(links_->Level0(0), 2 * kM).size(), 0u);
  EXPECT_EQ(links_->header().entry, 0u);
}

}  // namespace
}  // namespace sagitta::index
