// The two phases of a crash worker: verify what the last one left, then load until killed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sagitta/database.h"
#include "tests/crash/oracle.h"

namespace sagitta::crash {

struct Stage {
  Oracle* oracle = nullptr;
  Database* database = nullptr;
  std::map<std::string, std::shared_ptr<Collection>> collections;  // "single", "split"
};

// Compares every key with the oracle, and settles the writes that were in flight. Number of
// differences, each told on stderr.
int Verify(Stage& stage);

// Writers, a searcher and an administrator until `seconds` have passed (or the process is killed).
// False when a call failed or a search gave a wrong answer.
bool Load(Stage& stage, uint64_t seed, double seconds);

}  // namespace sagitta::crash
