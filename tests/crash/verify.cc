#include <algorithm>
#include <cmath>
#include <iostream>
#include <set>

#include "tests/crash/worker.h"

namespace sagitta::crash {
namespace {

std::string Name(const KeyState& state) {
  return (state.present ? "present v" : "absent v") + std::to_string(state.vector_counter) + " p" +
         std::to_string(state.payload_counter);
}

bool Holds(uint32_t key, const Point* point, const KeyState& state) {
  if (!state.present || point == nullptr) return !state.present && point == nullptr;
  auto vector = point->vectors.find("v");
  return point->payload == PayloadOf(key, state) && vector != point->vectors.end() &&
         vector->second.ToFloats() == VectorOf(key, state.vector_counter);
}

// The state of one key, settled in the oracle. Counts in `kept` and `lost` what was in flight.
bool VerifyKey(Stage& stage, uint32_t k, const Point* point, int* kept, int* lost) {
  OracleKey& key = stage.oracle->key(k);
  const KeyState acked = KeyState::Unpack(key.acked), pending = KeyState::Unpack(key.pending);
  if (Holds(k, point, pending)) {
    *kept += pending == acked ? 0 : 1;
    key.acked = pending.Pack();
    return true;
  }
  if (Holds(k, point, acked)) {
    *lost += 1;
    key.pending = acked.Pack();
    return true;
  }
  std::cerr << "key " << k << ": acknowledged " << Name(acked) << ", in flight " << Name(pending)
            << ", found "
            << (point == nullptr ? std::string("nothing") : Value(point->payload).ToJson()) << "\n";
  return false;
}

int VerifyWriter(Stage& stage, uint32_t writer) {
  const Collection& collection = *stage.collections[CollectionOf(writer)];
  std::vector<PointId> ids;
  const uint32_t first = writer * kKeysPerWriter;
  for (uint32_t k = first; k < first + kKeysPerWriter; ++k) ids.push_back(IdOf(k));
  Select all{.payload = true, .payload_keys = {}, .vectors = true, .vector_fields = {}};
  auto points = collection.Get(ids, all, {});
  if (!points.ok()) {
    std::cerr << "get: " << points.status().ToString() << "\n";
    return 1;
  }
  int differences = 0, kept = 0, lost = 0;
  size_t at = 0;
  for (uint32_t k = first; k < first + kKeysPerWriter; ++k) {
    const bool there = at < points->size() && (*points)[at].id == IdOf(k);
    if (!VerifyKey(stage, k, there ? &(*points)[at] : nullptr, &kept, &lost)) ++differences;
    if (there) ++at;
  }
  // A writer has one batch in flight; in a collection of one shard a batch is done whole or not at
  // all.
  if (kept > 0 && lost > 0 && collection.Schema().shards == 1) {
    std::cerr << "writer " << writer << ": half a batch: " << kept << " done, " << lost << " not\n";
    ++differences;
  }
  stage.oracle->header().in_flight_kept += static_cast<uint64_t>(kept);
  stage.oracle->header().in_flight_lost += static_cast<uint64_t>(lost);
  return differences;
}

// The index side: an exact search for all must give the very points that are there, each rightly
// scored.
int VerifySearch(Stage& stage, const std::string& name) {
  std::set<PointId> live;
  for (uint32_t k = 0; k < kKeys; ++k) {
    if (CollectionOf(WriterOf(k)) == name && KeyState::Unpack(stage.oracle->key(k).acked).present) {
      live.insert(IdOf(k));
    }
  }
  const Collection& collection = *stage.collections[name];
  Query query;
  const std::vector<float> target = VectorOf(7, 7);
  query.target = VectorValue(std::span<const float>(target));
  query.k = 10'000;
  query.params.exact = true;
  query.select.payload = true;
  auto result = collection.Search(query, {});
  auto count = collection.Count(std::nullopt, {});
  if (!result.ok() || !count.ok()) {
    std::cerr << name << ": " << result.status().ToString() << ", " << count.status().ToString()
              << "\n";
    return 1;
  }
  int differences = 0;
  if (count->count != live.size()) {
    std::cerr << name << ": counts " << count->count << ", has " << live.size() << "\n";
    ++differences;
  }
  for (const Hit& hit : result->hits) {
    const uint32_t k = static_cast<uint32_t>(*hit.point.payload.at("key").AsInt64());
    const KeyState state = KeyState::Unpack(stage.oracle->key(k).acked);
    const std::vector<float> vector = VectorOf(k, state.vector_counter);
    double sum = 0;
    for (uint32_t i = 0; i < kDim; ++i) sum += std::pow(double{vector[i]} - target[i], 2);
    if (live.erase(hit.point.id) == 0 || std::fabs(hit.score - std::sqrt(sum)) > 1e-3) {
      std::cerr << name << ": search found key " << k << " (" << Name(state) << ") at " << hit.score
                << " instead of " << std::sqrt(sum) << "\n";
      ++differences;
    }
  }
  for (const PointId& id : live) std::cerr << name << ": search misses " << id.ToString() << "\n";
  return differences + static_cast<int>(live.size());
}

}  // namespace

int Verify(Stage& stage) {
  int differences = 0;
  for (uint32_t writer = 0; writer < kWriters; ++writer) differences += VerifyWriter(stage, writer);
  if (differences > 0) return differences;
  return VerifySearch(stage, "single") + VerifySearch(stage, "split");
}

}  // namespace sagitta::crash
