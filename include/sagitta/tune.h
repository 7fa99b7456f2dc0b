// What storing a field's vectors would cost and find, by index and codec: measured on the
// collection's own rows. Thread-compatible value types.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sagitta/point.h"
#include "sagitta/schema.h"

namespace sagitta {

struct StorageRequest {
  std::string field;
  // Bytes of memory for the field's codes, links and vectors in memory, of all rows; 0 = as many as
  // the memory limit leaves where there is no target either, else any number.
  uint64_t budget_bytes = 0;
  // recall@k that the answer has to reach on the sample, 0–1; 0 = as much as the budget allows.
  double target_recall = 0;
  uint32_t k = 10;                // 1–1,000
  uint32_t sample_rows = 20'000;  // live rows that are measured on, 1,000–1,000,000; or all
  uint32_t sample_queries = 200;  // rows that are held out to be asked for, 10–10,000
  // Asked instead of rows, for instance logged ones; 0–10,000.
  std::vector<VectorValue> queries;
  uint64_t seed = 1;
};

// One way to store, and what it came to.
struct StorageOption {
  std::string name;          // "GRAPH, 4 bits", "FLAT_CODES, TRANSFORM 96 bytes"
  IndexParams index;         // what UpdateCollection takes to have it
  double memory_bytes = 0;   // a row: codes, links, and vectors where these stay in memory
  double disk_bytes = 0;     // a row, of segments: that, and vectors
  double raw_recall = 0;     // recall@k by codes alone; of indexes without codes as the next
  // recall@k as searches find, at the settings of `index`. Of a GRAPH measured on a part of the
  // rows no more than 0.99: all of them will be searched only as widely as finds that.
  double recall = 0;
  double query_micros = 0;   // of one thread; of scans for all rows of the collection
  double build_seconds = 0;  // of one thread, for all rows of the collection
  uint64_t rows = 0;         // measured on
  bool in_budget = false;
  bool reaches_target = false;
  bool pareto = false;  // no other that was measured takes less memory and finds more
};

struct StorageReport {
  uint64_t rows = 0;          // live ones that have the field
  uint64_t sampled_rows = 0;  // at most
  uint64_t queries = 0;
  uint64_t budget_bytes = 0;  // of the request, or what the memory limit leaves
  double seconds = 0;
  std::vector<StorageOption> options;  // the recommended one first, then best first
  bool found = false;                  // options[0] is in the budget and reaches the target
  std::string explanation;             // why that one, in words
};

}  // namespace sagitta
