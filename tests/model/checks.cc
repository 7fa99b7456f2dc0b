#include "tests/model/checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace sagitta::model {
namespace {

std::string Text(const Payload& payload) { return Value(payload).ToJson(); }

// Where `ranked` must be cut: offset, k and the threshold of the query.
std::vector<ScoredId> Expected(const Query& query, const VectorField& field, const Model& model,
                               const std::vector<float>& target) {
  std::vector<ScoredId> ranked = model.Ranked(field.name, target, query.filter);
  if (const PointId* self = std::get_if<PointId>(&query.target)) {
    std::erase_if(ranked, [&](const ScoredId& s) { return s.id == *self; });
  }
  if (query.score_threshold) {
    const bool high = HigherIsCloser(field.metric);
    std::erase_if(ranked, [&](const ScoredId& s) {
      return high ? s.score < *query.score_threshold : s.score > *query.score_threshold;
    });
  }
  return ranked;
}

}  // namespace

double Tolerance(double score) { return 2e-5 * (1 + std::fabs(score)); }

void ExpectSamePoint(const Point& point, const ModelPoint& expected) {
  const std::string id = point.id.ToString();
  EXPECT_EQ(point.version, expected.version) << id;
  EXPECT_EQ(point.expires_at_ms, expected.expires_at_ms) << id;
  EXPECT_EQ(Text(point.payload), Text(expected.payload)) << id;
  EXPECT_EQ(point.vectors.size(), expected.vectors.size()) << id;
  for (const auto& [name, vector] : point.vectors) {
    auto found = expected.vectors.find(name);
    if (found == expected.vectors.end()) {
      ADD_FAILURE() << id << " has a vector " << name << " that it should lack";
    } else {
      EXPECT_EQ(vector.ToFloats(), found->second) << id << " " << name;
    }
  }
}

void ExpectSamePoints(const Collection& collection, const Model& model,
                      const std::optional<Filter>& filter, uint32_t page) {
  const std::vector<PointId> expected = model.Matching(filter);
  auto count = collection.Count(filter, {});
  ASSERT_TRUE(count.ok()) << count.status().ToString();
  EXPECT_EQ(count->count, expected.size());

  ScrollRequest request;
  request.limit = page;
  request.filter = filter;
  request.select = {.payload = true, .payload_keys = {}, .vectors = true, .vector_fields = {}};
  size_t seen = 0;
  do {
    auto scroll = collection.Scroll(request, {});
    ASSERT_TRUE(scroll.ok()) << scroll.status().ToString();
    ASSERT_LE(scroll->points.size(), page);
    for (const Point& point : scroll->points) {
      ASSERT_LT(seen, expected.size()) << "extra point " << point.id.ToString();
      ASSERT_EQ(point.id, expected[seen])
          << point.id.ToString() << " instead of " << expected[seen].ToString();
      ExpectSamePoint(point, *model.Find(point.id));
      ++seen;
    }
    request.cursor = scroll->next_cursor;
  } while (!request.cursor.empty());
  EXPECT_EQ(seen, expected.size());
}

void ExpectSoundHits(const Query& query, const std::vector<float>& target, const VectorField& field,
                     const Model& model, const std::vector<Hit>& hits) {
  const bool high = HigherIsCloser(field.metric);
  std::set<PointId> seen;
  for (size_t i = 0; i < hits.size(); ++i) {
    const PointId& id = hits[i].point.id;
    EXPECT_TRUE(seen.insert(id).second) << id.ToString() << " twice";
    const ModelPoint* point = model.Find(id);
    ASSERT_NE(point, nullptr) << id.ToString() << " is not there";
    auto vector = point->vectors.find(field.name);
    ASSERT_NE(vector, point->vectors.end()) << id.ToString() << " has no " << field.name;
    EXPECT_EQ(hits[i].point.version, point->version) << id.ToString();
    if (query.filter) {
      EXPECT_TRUE(Matches(*query.filter, id, point->payload)) << id.ToString();
    }
    if (query.select.payload) {
      EXPECT_EQ(Text(hits[i].point.payload), Text(point->payload));
    }
    const double score = Score(field.metric, target, vector->second);
    EXPECT_NEAR(hits[i].score, score, Tolerance(score)) << id.ToString();
    if (i == 0) continue;
    const Hit& before = hits[i - 1];
    if (before.score == hits[i].score) {
      EXPECT_LT(before.point.id, id) << "ties go by id";
    } else {
      EXPECT_EQ(before.score > hits[i].score, high) << "out of order at " << i;
    }
  }
}

void ExpectExactHits(const Query& query, const std::vector<float>& target, const VectorField& field,
                     const Model& model, const QueryResult& result) {
  ExpectSoundHits(query, target, field, model, result.hits);
  const std::vector<ScoredId> expected = Expected(query, field, model, target);
  const size_t begin = std::min<size_t>(query.offset, expected.size());
  const size_t end = std::min<size_t>(begin + query.k, expected.size());
  ASSERT_EQ(result.hits.size(), end - begin);
  for (size_t i = begin; i < end; ++i) {
    const Hit& hit = result.hits[i - begin];
    const double tolerance = Tolerance(expected[i].score);
    EXPECT_NEAR(hit.score, expected[i].score, tolerance) << "rank " << i;
    // Apart from its neighbours, a rank has one possible id.
    const bool alone =
        (i == 0 || std::fabs(expected[i - 1].score - expected[i].score) > 2 * tolerance) &&
        (i + 1 == expected.size() ||
         std::fabs(expected[i + 1].score - expected[i].score) > 2 * tolerance);
    if (alone) {
      EXPECT_EQ(hit.point.id, expected[i].id) << "rank " << i;
    }
  }
}

void ExpectExactGroups(const Query& query, const std::vector<float>& target,
                       const VectorField& field, const Model& model, const QueryResult& result) {
  // Groups by their JSON key, each with its scores in order, in order of their best.
  std::vector<std::pair<std::string, std::vector<double>>> expected;
  for (const ScoredId& scored : Expected(query, field, model, target)) {
    const Payload& payload = model.Find(scored.id)->payload;
    auto key = payload.find(query.group_by->path);
    if (key == payload.end() || (!key->second.AsString() && !key->second.AsInt64())) continue;
    const std::string name = key->second.ToJson();
    auto group = std::find_if(expected.begin(), expected.end(),
                              [&](const auto& g) { return g.first == name; });
    if (group == expected.end()) group = expected.insert(expected.end(), {name, {}});
    if (group->second.size() < query.group_by->group_size) group->second.push_back(scored.score);
  }
  ASSERT_EQ(result.groups.size(), std::min<size_t>(query.k, expected.size()));
  for (size_t i = 0; i < result.groups.size(); ++i) {
    const Group& group = result.groups[i];
    ExpectSoundHits(query, target, field, model, group.hits);
    auto same = std::find_if(expected.begin(), expected.end(),
                             [&](const auto& g) { return g.first == group.key.ToJson(); });
    ASSERT_NE(same, expected.end()) << group.key.ToJson();
    ASSERT_EQ(group.hits.size(), same->second.size()) << group.key.ToJson();
    for (size_t j = 0; j < group.hits.size(); ++j) {
      EXPECT_NEAR(group.hits[j].score, same->second[j], Tolerance(same->second[j]));
    }
    EXPECT_NEAR(group.hits[0].score, expected[i].second[0], Tolerance(expected[i].second[0]));
  }
}

}  // namespace sagitta::model
