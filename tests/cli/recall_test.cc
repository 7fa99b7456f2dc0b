#include "cli/recall.h"

#include <gtest/gtest.h>

namespace sagitta::cli {
namespace {

v1::QueryResponse Response(std::vector<std::pair<uint64_t, float>> hits) {
  v1::QueryResponse response;
  for (const auto& [id, score] : hits) {
    auto* hit = response.add_hits();
    hit->mutable_point()->mutable_id()->set_u64(id);
    hit->set_score(score);
  }
  return response;
}

TEST(Recall, SharesOfTheTrueNeighbours) {
  const auto truth = Response({{1, 1}, {2, 2}, {3, 3}, {4, 4}});
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, truth, 4), 1);
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, Response({{1, 1}, {2, 2}, {9, 5}, {8, 6}}), 4), 0.5);
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, Response({{1, 1}}), 4), 0.25);
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, Response({}), 4), 0);
  EXPECT_DOUBLE_EQ(RecallAgainst(Response({}), Response({}), 4), 1);
}

TEST(Recall, EqualScoresAreEquallyGood) {
  const auto truth = Response({{1, 1}, {2, 2}});
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, Response({{1, 1}, {7, 2}}), 2), 1);
  // Larger is closer.
  const auto dot = Response({{1, 9}, {2, 8}});
  EXPECT_DOUBLE_EQ(RecallAgainst(dot, Response({{1, 9}, {7, 8}}), 2), 1);
  EXPECT_DOUBLE_EQ(RecallAgainst(dot, Response({{1, 9}, {7, 7.9f}}), 2), 0.5);
}

TEST(Recall, AgainstAGroundTruthFile) {
  VectorBlock truth;
  truth.element = Element::kI32;
  truth.dim = 3;
  truth.rows = 2;
  for (const int32_t id : {1, 2, 3, 4, 5, 6}) {
    truth.bytes.append(reinterpret_cast<const char*>(&id), 4);
  }
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, 1, Response({{4, 1}, {6, 1}}), 2), 0.5);
  EXPECT_DOUBLE_EQ(RecallAgainst(truth, 0, Response({{3, 1}, {2, 1}, {1, 1}}), 10), 1);
}

TEST(VoteLabel, MostVotesThenNearest) {
  v1::QueryResponse response = Response({{1, 1}, {2, 2}, {3, 3}, {4, 4}});
  EXPECT_FALSE(VoteLabel(response, "label").has_value());
  const int64_t labels[] = {7, 5, 5, 7};
  for (int i = 0; i < 4; ++i) {
    auto& payload = *response.mutable_hits(i)->mutable_point()->mutable_payload();
    payload["label"].set_int64_value(labels[i]);
  }
  EXPECT_EQ(VoteLabel(response, "label"), 7);
  (*response.mutable_hits(3)->mutable_point()->mutable_payload())["label"].set_int64_value(5);
  EXPECT_EQ(VoteLabel(response, "label"), 5);
}

}  // namespace
}  // namespace sagitta::cli
