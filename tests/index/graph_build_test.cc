// Building a graph: the same for any number of threads, every node reachable, what rows become.
#include "index/graph_build.h"

#include <gtest/gtest.h>

#include <set>

#include "index/graph_beam.h"
#include "index/graph_prune.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

struct Graph {
  GraphModel model;
  std::unique_ptr<GraphSpace> space;
  AlignedBytes codes;
  BuiltGraph graph;
};

std::unique_ptr<Graph> BuildLinks(const TestRows& data, const GraphParams& params,
                                  const BuildContext& context = {}) {
  auto built = std::make_unique<Graph>();
  EXPECT_TRUE(TrainGraphModel(data.rows(), params.code_bits, context, &built->model).ok());
  built->space = std::make_unique<GraphSpace>(data.rows(), built->model);
  EXPECT_TRUE(built->space->Encode(context, &built->codes).ok());
  EXPECT_TRUE(BuildGraphLinks(*built->space, params, context, &built->graph).ok());
  return built;
}

size_t Reachable(const BuiltGraph& graph, uint32_t degree) {
  std::vector<bool> reached(graph.links.size() / degree);
  std::vector<uint32_t> stack = {graph.seeds[0]};
  reached[graph.seeds[0]] = true;
  size_t count = 0;
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    ++count;
    for (uint32_t i = 0; i < degree; ++i) {
      const uint32_t link = graph.links[at * degree + i];
      if (link == kNoGraphLink) break;
      if (!reached[link]) stack.push_back(link);
      reached[link] = true;
    }
  }
  return count;
}

void ExpectSound(const BuiltGraph& graph, uint32_t degree) {
  const size_t n = graph.links.size() / degree;
  EXPECT_EQ(Reachable(graph, degree), n);
  for (size_t i = 0; i < n; ++i) {
    std::set<uint32_t> seen = {static_cast<uint32_t>(i)};
    bool ended = false;
    for (uint32_t k = 0; k < degree; ++k) {
      const uint32_t link = graph.links[i * degree + k];
      ended = ended || link == kNoGraphLink;
      EXPECT_EQ(ended, link == kNoGraphLink) << "a link after the end";
      if (ended) continue;
      ASSERT_LT(link, n);
      EXPECT_TRUE(seen.insert(link).second) << "a link twice, or to itself";
    }
  }
}

TEST(GraphBuild, EveryNodeIsReachableFromTheFirstSeed) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1}) {
    for (const size_t n : {1u, 2u, 3u, 17u, 300u, 4000u}) {
      const TestRows data(n, 24, metric);
      const auto built = BuildLinks(data, {.degree = 8, .build_width = 24});
      ExpectSound(built->graph, 8);
    }
  }
}

// Islands far apart, and rows that are all alike: where pruning alone leaves graphs in pieces.
TEST(GraphBuild, IslandsAndEqualRowsAreReachable) {
  TestRows islands(3000, 32, Metric::kL2, Dtype::kF32, 5, 30);
  for (size_t i = 0; i < 3000; ++i) {
    auto* row = reinterpret_cast<float*>(islands.mutable_row(i));
    row[i % 30] += 1000;
  }
  ExpectSound(BuildLinks(islands, {.degree = 8, .build_width = 16})->graph, 8);
  TestRows equal(3000, 16, Metric::kL2);
  for (size_t i = 1; i < 2000; ++i) std::copy_n(equal.mutable_row(0), 64, equal.mutable_row(i));
  ExpectSound(BuildLinks(equal, {.degree = 8, .build_width = 16})->graph, 8);
}

TEST(GraphBuild, IsTheSameForAnyNumberOfThreads) {
  const TestRows data(5000, 40, Metric::kInnerProduct);
  const auto alone = BuildLinks(data, {});
  for (const size_t threads : {2u, 5u}) {
    base::ThreadPool pool("test", threads, 64);
    BuildContext context;
    context.pool = &pool;
    const auto together = BuildLinks(data, {}, context);
    EXPECT_EQ(together->graph.links, alone->graph.links);
    EXPECT_EQ(together->graph.seeds, alone->graph.seeds);
    ASSERT_EQ(together->codes.size(), alone->codes.size());
    EXPECT_EQ(std::memcmp(together->codes.data(), alone->codes.data(), alone->codes.size()), 0);
  }
}

TEST(GraphModel, ChoosesCodesThatTellNeighboursApart) {
  GraphModel model;
  const TestRows wide(3000, 64, Metric::kL2);
  ASSERT_TRUE(TrainGraphModel(wide.rows(), 4, {}, &model).ok());
  EXPECT_EQ(model.transform, GraphTransform::kRotation);
  EXPECT_EQ(model.kind, kernels::CodeKind::kNibble);
  EXPECT_EQ(model.dims, 64u);
  const TestRows l1(3000, 64, Metric::kL1);
  ASSERT_TRUE(TrainGraphModel(l1.rows(), 4, {}, &model).ok());
  EXPECT_EQ(model.transform, GraphTransform::kNone) << "codes estimate products, not L1";
  const TestRows narrow(3000, 8, Metric::kL2);
  ASSERT_TRUE(TrainGraphModel(narrow.rows(), 4, {}, &model).ok());
  EXPECT_EQ(model.transform, GraphTransform::kNone);
  // Few centres far apart, neighbours very near: codes of centred rows are all alike.
  TestRows tight(3000, 32, Metric::kL2);
  std::mt19937 random(1);
  for (size_t i = 0; i < 3000; ++i) {
    auto* row = reinterpret_cast<float*>(tight.mutable_row(i));
    for (size_t d = 0; d < 32; ++d) {
      row[d] = static_cast<float>((i % 3) * (d % 5)) * 100;
      row[d] += static_cast<float>(random() % 1000) / 1e4f;
    }
  }
  ASSERT_TRUE(TrainGraphModel(tight.rows(), 4, {}, &model).ok());
  EXPECT_EQ(model.transform, GraphTransform::kNone);
}

TEST(GraphModel, ProjectsRowsOfFewDirections) {
  TestRows data(3000, 600, Metric::kL2);
  // All but 100 dimensions hardly vary.
  for (size_t i = 0; i < 3000; ++i) {
    auto* row = reinterpret_cast<float*>(data.mutable_row(i));
    for (size_t d = 100; d < 600; ++d) row[d] *= 0.01f;
  }
  GraphModel model;
  ASSERT_TRUE(TrainGraphModel(data.rows(), 4, {}, &model).ok());
  EXPECT_EQ(model.transform, GraphTransform::kProjection);
  EXPECT_EQ(model.dims, CodeFormat::DimsOfLines(kernels::CodeKind::kNibble, 2));
  // A query's projection, from the matrix's codes, is nearly the row's.
  const QueryTransform transform(model.transform, 600, model.dims, model.seed, model.mean,
                                 {model.matrix.data(), model.matrix.size()});
  CodeQueryBuffer buffer;
  std::vector<float> centred, fast(model.dims), slow(model.dims);
  const std::vector<float> query = data.Draw();
  transform.Apply(query.data(), &buffer, &centred, fast.data());
  for (size_t d = 0; d < 600; ++d) centred[d] = query[d] - model.mean[d];
  model.Apply(nullptr, centred.data(), 1, slow.data());
  double error = 0, length = 0;
  for (size_t i = 0; i < slow.size(); ++i) {
    error += std::pow(fast[i] - slow[i], 2);
    length += std::pow(slow[i], 2);
  }
  EXPECT_LT(std::sqrt(error / length), 0.06);
}

TEST(GraphPruner, KeepsNearLinksAndDropsWhatTheyLeadTo) {
  // On a line: 0 is the node; 1 covers all that is behind it, −1 is on the other side.
  TestRows data(6, 1, Metric::kL2);
  const float places[] = {0, 1, 2, 3, -1.5f, -4};
  for (size_t i = 0; i < 6; ++i) std::memcpy(data.mutable_row(i), &places[i], 4);
  GraphModel model;
  ASSERT_TRUE(TrainGraphModel(data.rows(), 4, {}, &model).ok());
  GraphSpace space(data.rows(), model);
  AlignedBytes codes;
  ASSERT_TRUE(space.Encode({}, &codes).ok());
  GraphPruner pruner(space, 8, 1.2f);
  const auto links = pruner.Prune({{1, 1}, {2.25f, 4}, {4, 2}, {9, 3}, {16, 5}});
  EXPECT_EQ(std::vector<uint32_t>(links.begin(), links.end()), (std::vector<uint32_t>{1, 4}));
}

}  // namespace
}  // namespace sagitta::index
