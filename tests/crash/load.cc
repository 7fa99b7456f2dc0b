#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <random>
#include <thread>

#include "tests/crash/worker.h"

namespace sagitta::crash {
namespace {

using Clock = std::chrono::steady_clock;

class Loader {
 public:
  Loader(Stage& stage, uint64_t seed, double seconds)
      : stage_(stage),
        seed_(seed),
        end_(Clock::now() +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}

  bool Run() {
    std::vector<std::thread> threads;
    for (uint32_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] { Write(writer); });
    }
    threads.emplace_back([this] { Search(); });
    threads.emplace_back([this] { Administer(); });
    for (std::thread& thread : threads) thread.join();
    return !failed_;
  }

 private:
  using Random = std::mt19937_64;

  static uint32_t Uniform(Random& random, uint32_t low, uint32_t high) {
    return std::uniform_int_distribution<uint32_t>(low, high)(random);
  }
  bool Going() const { return !failed_ && Clock::now() < end_; }
  void Fail(const std::string& what) {
    std::cerr << what << std::endl;
    failed_ = true;
  }
  Collection& CollectionFor(uint32_t writer) {
    return *stage_.collections.at(CollectionOf(writer));
  }
  KeyState Acked(uint32_t k) { return KeyState::Unpack(stage_.oracle->key(k).acked); }

  std::vector<uint32_t> SomeKeys(Random& random, uint32_t writer, uint32_t most) {
    std::vector<uint32_t> keys;
    const uint32_t count = Uniform(random, 1, most), start = Uniform(random, 0, kKeysPerWriter - 1);
    const uint32_t step = Uniform(random, 0, 1) == 0 ? 1 : 7;  // 7 and 1,000 share no factor
    for (uint32_t i = 0; i < count; ++i) {
      keys.push_back(writer * kKeysPerWriter + (start + i * step) % kKeysPerWriter);
    }
    return keys;
  }

  // Notes `states` as in flight, writes, and notes them as acknowledged.
  void Do(const std::vector<std::pair<uint32_t, KeyState>>& states,
          const std::function<Result<WriteResult>()>& write) {
    for (const auto& [k, state] : states) stage_.oracle->key(k).pending = state.Pack();
    auto result = write();
    if (!result.ok()) return Fail("write: " + result.status().ToString());
    if (result->affected != states.size()) {
      return Fail("write: " + std::to_string(result->affected) + " points affected instead of " +
                  std::to_string(states.size()));
    }
    for (const auto& [k, state] : states) stage_.oracle->key(k).acked = state.Pack();
    stage_.oracle->header().acked_writes += states.size();
  }

  void Upsert(Random& random, uint32_t writer, const WriteOptions& options) {
    std::vector<std::pair<uint32_t, KeyState>> states;
    std::vector<UpsertPoint> points;
    for (uint32_t k : SomeKeys(random, writer, 60)) {
      KeyState state{true, Acked(k).vector_counter + 1, 0};
      UpsertPoint upsert;
      upsert.point.id = IdOf(k);
      upsert.point.vectors["v"] =
          VectorValue(std::span<const float>(VectorOf(k, state.vector_counter)));
      upsert.point.payload = PayloadOf(k, state);
      points.push_back(std::move(upsert));
      states.emplace_back(k, state);
    }
    Do(states, [&] { return CollectionFor(writer).Upsert(std::move(points), options); });
  }

  std::vector<std::pair<uint32_t, KeyState>> PresentKeys(Random& random, uint32_t writer) {
    std::vector<std::pair<uint32_t, KeyState>> states;
    for (uint32_t k : SomeKeys(random, writer, 20)) {
      if (KeyState state = Acked(k); state.present) states.emplace_back(k, state);
    }
    return states;
  }

  static std::vector<PointId> IdsOf(const std::vector<std::pair<uint32_t, KeyState>>& states) {
    std::vector<PointId> ids;
    for (const auto& [k, state] : states) ids.push_back(IdOf(k));
    return ids;
  }

  void Delete(Random& random, uint32_t writer, const WriteOptions& options) {
    auto states = PresentKeys(random, writer);
    if (states.empty()) return;
    for (auto& [k, state] : states) state.present = false;
    Do(states, [&] { return CollectionFor(writer).Delete(IdsOf(states), options); });
  }

  void UpdatePayload(Random& random, uint32_t writer, const WriteOptions& options) {
    auto states = PresentKeys(random, writer);
    if (states.empty()) return;
    // One number for the whole batch, as one update sets the same key of all its points.
    const auto number = static_cast<uint32_t>(stage_.oracle->header().acked_writes + 1);
    for (auto& [k, state] : states) state.payload_counter = number;
    PayloadUpdate update;
    update.op = PayloadOp::kMerge;
    update.ids = IdsOf(states);
    update.payload["p"] = int64_t{number};
    Do(states, [&] { return CollectionFor(writer).UpdatePayload(update, options); });
  }

  void DeleteBucket(Random& random, uint32_t writer, const WriteOptions& options) {
    const int64_t bucket = Uniform(random, 0, 39);
    std::vector<std::pair<uint32_t, KeyState>> states;
    for (uint32_t i = 0; i < kKeysPerWriter; ++i) {
      const uint32_t k = writer * kKeysPerWriter + i;
      KeyState state = Acked(k);
      if (!state.present || BucketOf(k) != bucket) continue;
      state.present = false;
      states.emplace_back(k, state);
    }
    const Filter filter =
        Filter::And({Filter::Equals("owner", int64_t{writer}), Filter::Equals("bucket", bucket)});
    Do(states, [&] { return CollectionFor(writer).DeleteByFilter(filter, options); });
  }

  void Write(uint32_t writer) {
    Random random(seed_ * 31 + writer);
    while (Going()) {
      WriteOptions options;
      // Handed to the operating system is enough against a kill, which is all that happens here.
      if (Uniform(random, 0, 2) == 0) options.durability = Durability::kOs;
      const uint32_t dice = Uniform(random, 0, 99);
      if (dice < 60) {
        Upsert(random, writer, options);
      } else if (dice < 75) {
        Delete(random, writer, options);
      } else if (dice < 97) {
        UpdatePayload(random, writer, options);
      } else {
        DeleteBucket(random, writer, options);
      }
    }
  }

  // A hit must be at least as new as what was acknowledged before the search began.
  void Search() {
    Random random(seed_ * 31 + 100);
    std::vector<KeyState> before(kKeys);
    while (Going()) {
      const uint32_t target = Uniform(random, 0, kKeys - 1);
      for (uint32_t k = 0; k < kKeys; ++k) before[k] = Acked(k);
      Query query;
      query.target = VectorValue(
          std::span<const float>(VectorOf(target, std::max(1u, before[target].vector_counter))));
      query.k = Uniform(random, 1, 50);
      query.params.exact = Uniform(random, 0, 3) == 0;
      query.select.payload = true;
      if (Uniform(random, 0, 2) == 0) query.filter = Filter::Equals("bucket", BucketOf(target));
      auto result = CollectionFor(WriterOf(target)).Search(query, {});
      if (!result.ok()) return Fail("search: " + result.status().ToString());
      for (const Hit& hit : result->hits) {
        if (!hit.point.payload.contains("key")) return Fail("search: a hit without its payload");
        const auto k = static_cast<uint32_t>(*hit.point.payload.at("key").AsInt64());
        const auto counter = static_cast<uint32_t>(*hit.point.payload.at("v").AsInt64());
        if (counter < before[k].vector_counter + (before[k].present ? 0u : 1u)) {
          return Fail("search: key " + std::to_string(k) + " found as of v" +
                      std::to_string(counter) + ", long replaced or deleted");
        }
      }
      stage_.oracle->header().searches += 1;
    }
  }

  void Administer() {
    Random random(seed_ * 31 + 200);
    while (Going()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(Uniform(random, 20, 250)));
      auto& [name, collection] = *std::next(stage_.collections.begin(), Uniform(random, 0, 1));
      Status status;
      switch (Uniform(random, 0, 4)) {
        case 0:
          status = collection->Compact();
          break;
        case 1:
          status = collection->Schema().indexes.empty()
                       ? collection->CreatePayloadIndex({"bucket", PayloadIndexKind::kInt64})
                       : collection->DropPayloadIndex("bucket");
          break;
        case 2:
          status = Snapshot(*collection);
          break;
        default:
          status = ChangeSettings(random, name);
      }
      if (!status.ok()) Fail(name + ": " + status.ToString());
    }
  }

  Status Snapshot(Collection& collection) {
    SAGITTA_ASSIGN_OR_RETURN(SnapshotInfo info, collection.CreateSnapshot());
    return stage_.database->DeleteSnapshot(info.id);
  }

  Status ChangeSettings(Random& random, const std::string& name) {
    constexpr IndexKind kKinds[] = {IndexKind::kAuto, IndexKind::kFlat, IndexKind::kHnsw,
                                    IndexKind::kIvfFlat, IndexKind::kIvfPq};
    CollectionUpdate update;
    IndexParams index;
    index.kind = kKinds[Uniform(random, 0, 4)];
    index.hnsw.ef_construction = 40;
    update.fields.push_back({"v", index});
    update.set_compaction = true;
    update.compaction.seal_rows = Uniform(random, 64, 700);
    update.compaction.seal_idle_ms = 100;
    update.compaction.seal_min_rows = 64;
    update.compaction.deleted_ratio = 0.05f * static_cast<float>(Uniform(random, 2, 8));
    return stage_.database->UpdateCollection(name, update).status();
  }

  Stage& stage_;
  const uint64_t seed_;
  const Clock::time_point end_;
  std::atomic<bool> failed_{false};
};

}  // namespace

bool Load(Stage& stage, uint64_t seed, double seconds) {
  return Loader(stage, seed, seconds).Run();
}

}  // namespace sagitta::crash
