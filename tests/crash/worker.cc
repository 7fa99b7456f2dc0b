// crash_worker DATA ORACLE CYCLE SEED SECONDS [POINTS]: opens, verifies, loads for SECONDS (0: only
// verifies), closes. With POINTS, writes the names of the fault points it passed to that file.
// SAGITTA_FAULTS arms them. Exit codes: 0 done, 3 open failed, 4 differences, 5 a call failed under
// load.
#include "tests/crash/worker.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>

#include "base/fault.h"

namespace sagitta::crash {
namespace {

CollectionSchema SchemaOf(const std::string& name, uint32_t shards) {
  CollectionSchema schema;
  schema.name = name;
  schema.shards = shards;
  VectorField field;
  field.name = "v";
  field.dim = kDim;
  field.index.kind = IndexKind::kHnsw;
  field.index.hnsw.ef_construction = 40;
  schema.fields = {field};
  schema.compaction.seal_rows = 300;
  schema.compaction.seal_idle_ms = 100;
  schema.compaction.seal_min_rows = 64;
  return schema;
}

Result<std::unique_ptr<Database>> Open(const std::string& path, uint64_t seed, Stage* stage) {
  std::mt19937_64 random(seed);
  DatabaseOptions options;
  options.path = path;
  options.search_threads = 1 + static_cast<uint32_t>(random() % 3);
  options.compaction_threads = 1 + static_cast<uint32_t>(random() % 2);
  SAGITTA_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(options));
  for (const auto& [name, shards] : {std::pair("single", 1u), std::pair("split", 3u)}) {
    auto collection = database->GetCollection(name);
    // The worker before may have been killed before it had made both.
    if (!collection.ok() && collection.status().code() == StatusCode::kNotFound) {
      collection = database->CreateCollection(SchemaOf(name, shards));
    }
    if (!collection.ok()) return collection.status();
    stage->collections[name] = *collection;
  }
  return database;
}

int Main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: crash_worker DATA ORACLE CYCLE SEED SECONDS [POINTS]\n";
    return 2;
  }
  const uint64_t cycle = std::strtoull(argv[3], nullptr, 10),
                 seed = std::strtoull(argv[4], nullptr, 10);
  const double seconds = std::strtod(argv[5], nullptr);
  if (Status status = base::ArmFaultsFromEnvironment(); !status.ok()) {
    std::cerr << status.ToString() << "\n";
    return 2;
  }
  if (argc > 6) base::RecordFaultPoints(true);

  Stage stage;
  auto oracle = Oracle::Open(argv[2]);
  if (oracle == nullptr) return 2;
  stage.oracle = oracle.get();
  const auto start = std::chrono::steady_clock::now();
  auto database = Open(argv[1], seed, &stage);
  if (!database.ok()) {
    std::cerr << "open: " << database.status().ToString() << "\n";
    return 3;
  }
  stage.database = database->get();
  const auto open_time = std::chrono::steady_clock::now() - start;
  if (Verify(stage) > 0) return 4;
  oracle->header().ready_micros = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(open_time).count());
  oracle->header().ready_cycle = cycle + 1;
  if (seconds > 0 && !Load(stage, seed, seconds)) return 5;
  stage.collections.clear();
  database->reset();
  if (argc > 6) {
    std::ofstream points(argv[6]);
    for (const std::string& name : base::RecordedFaultPoints()) points << name << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace sagitta::crash

int main(int argc, char** argv) { return sagitta::crash::Main(argc, argv); }
