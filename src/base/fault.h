// Fault points: named places where a test can make the next calls fail, or kill the process.
//
//   SAGITTA_FAULT("seal.after_rename");   // in a function that returns Status or Result
//
// Compiled in everywhere; costs one relaxed load when nothing is armed. Thread-safe.
// SAGITTA_FAULTS="seal.after_rename=kill:3,file.sync=enospc" in the environment arms points at
// start: name=action[:skip], action kill | io | enospc; skip = how many passes go free first. An
// "io" or "enospc" point fails every pass after that until cleared.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/status.h"

namespace sagitta::base {

enum class FaultAction { kIoError, kNoSpace, kKill };

void ArmFault(std::string_view point, FaultAction action, int skip = 0);
void ClearFaults();
// Arms from SAGITTA_FAULTS. INVALID_ARGUMENT on bad text.
Status ArmFaultsFromEnvironment();
// Points passed since ClearFaults(), sorted; recorded only while recording is on.
void RecordFaultPoints(bool on);
std::vector<std::string> RecordedFaultPoints();

extern std::atomic<bool> g_faults_active;
Status PassFaultPoint(std::string_view point);  // slow path

}  // namespace sagitta::base

#define SAGITTA_FAULT(point)                                              \
  do {                                                                    \
    if (::sagitta::base::g_faults_active.load(std::memory_order_relaxed)) \
      SAGITTA_RETURN_IF_ERROR(::sagitta::base::PassFaultPoint(point));    \
  } while (0)
