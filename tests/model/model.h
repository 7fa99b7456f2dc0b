// Model: what a collection must hold and answer, in the plainest form: a map from id to point,
// filters read straight from the payload, brute-force search in double. Shares no code with the
// engine beyond the public value types. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sagitta/query.h"
#include "sagitta/schema.h"
#include "sagitta/write.h"

namespace sagitta::model {

struct ModelPoint {
  std::map<std::string, std::vector<float>> vectors;
  Payload payload;
  int64_t expires_at_ms = 0;
  uint64_t version = 0;
};

struct ScoredId {
  double score = 0;
  PointId id;
};

class Model {
 public:
  explicit Model(CollectionSchema schema) : schema_(std::move(schema)) {}

  const std::map<PointId, ModelPoint>& points() const { return points_; }
  const ModelPoint* Find(const PointId& id) const;

  // Each applies the write that the database numbered `seq` and returns what it must have reported.
  // Expiry by ttl_ms is set by the caller, with SetExpiry, once the database has said when.
  WriteResult Upsert(const std::vector<UpsertPoint>& points, uint64_t seq);
  WriteResult Delete(const std::vector<PointId>& ids, uint64_t seq);
  WriteResult DeleteByFilter(const Filter& filter, uint64_t seq);
  WriteResult UpdatePayload(const PayloadUpdate& update, uint64_t seq);
  void SetExpiry(const PointId& id, int64_t expires_at_ms);
  // Removes every point that expires at or before `now_ms`.
  void Expire(int64_t now_ms);

  std::vector<PointId> Matching(const std::optional<Filter>& filter) const;
  // All points that have the field and match, best first, ties by id.
  std::vector<ScoredId> Ranked(const std::string& field, const std::vector<float>& query,
                               const std::optional<Filter>& filter) const;

 private:
  void ApplyPayload(const PayloadUpdate& update, uint64_t seq, ModelPoint* point);

  CollectionSchema schema_;
  std::map<PointId, ModelPoint> points_;
};

bool Matches(const Filter& filter, const PointId& id, const Payload& payload);
double Score(Metric metric, const std::vector<float>& a, const std::vector<float>& b);

}  // namespace sagitta::model
