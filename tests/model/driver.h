// Driver: does random operations to a database and to the model, and compares what both say. One
// thread; the database's own threads (compactor, TTL sweeper) run beside it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sagitta/database.h"
#include "tests/model/generator.h"
#include "tests/model/model.h"

namespace sagitta::model {

class Driver {
 public:
  Driver(std::string path, uint64_t seed);

  // Until `operations` point operations, queries and events are done, or GoogleTest has seen a
  // failure.
  void Run(uint64_t operations);

 private:
  struct World {
    CollectionSchema schema;
    Model model;
    std::shared_ptr<Collection> collection;
    uint64_t last_seq = 0;
  };

  struct Choice {
    int weight;
    void (Driver::*action)(World&);
  };

  void Open();
  void Choose(World& world, std::span<const Choice> choices);
  void Step(World& world);
  void Event(World& world);

  void Upsert(World& world);
  void Delete(World& world);
  void DeleteByFilter(World& world);
  void UpdatePayload(World& world);
  void RetriedUpsert(World& world);
  void RefusedWrite(World& world);
  void Get(World& world);
  void Scroll(World& world);
  void Search(World& world);
  void SearchGroups(World& world);

  void Reopen(World& world);
  void Compact(World& world);
  void WaitIndexed(World& world);
  void ChangePayloadIndex(World& world);
  void ChangeSettings(World& world);
  void Expiry(World& world);
  void SnapshotRoundTrip(World& world);
  void VerifyAll(World&);  // of all worlds

  Query RandomQuery(World& world, const VectorField& field, std::vector<float>* target);
  WriteOptions RandomWriteOptions();
  // The database's report of a write against the model's.
  void ExpectSameResult(World& world, const WriteResult& got, const WriteResult& expected);

  std::string path_;
  Generator random_;
  std::unique_ptr<Database> database_;
  std::vector<World> worlds_;
  uint64_t operations_ = 0;
  uint64_t next_event_ = 0;
  uint64_t requests_ = 0;
};

}  // namespace sagitta::model
