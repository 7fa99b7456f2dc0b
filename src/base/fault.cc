#include "base/fault.h"

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <set>

#include "base/mutex.h"

namespace sagitta::base {

std::atomic<bool> g_faults_active{false};

namespace {

struct Armed {
  FaultAction action;
  int skip;
};

struct Faults {
  Mutex mu;
  std::map<std::string, Armed, std::less<>> armed GUARDED_BY(mu);
  std::set<std::string, std::less<>> recorded GUARDED_BY(mu);
  bool recording GUARDED_BY(mu) = false;

  void UpdateActive() REQUIRES_LOCK(mu) {
    g_faults_active.store(recording || !armed.empty(), std::memory_order_relaxed);
  }
};

Faults& Registry() {
  static Faults* const faults = new Faults;  // never destroyed: threads may pass points at exit
  return *faults;
}

Status ParseAction(std::string_view text, Armed* armed) {
  const std::string_view action = text.substr(0, text.find(':'));
  if (action == "kill") {
    armed->action = FaultAction::kKill;
  } else if (action == "io") {
    armed->action = FaultAction::kIoError;
  } else if (action == "enospc") {
    armed->action = FaultAction::kNoSpace;
  } else {
    return Status::InvalidArgument(
        "SAGITTA_FAULTS", "action '" + std::string(action) + "' is not kill, io or enospc");
  }
  armed->skip = 0;
  if (action.size() == text.size()) return Status::Ok();
  const std::string_view skip = text.substr(action.size() + 1);
  const auto [end, error] = std::from_chars(skip.data(), skip.data() + skip.size(), armed->skip);
  if (error != std::errc() || end != skip.data() + skip.size() || armed->skip < 0) {
    return Status::InvalidArgument("SAGITTA_FAULTS",
                                   "skip '" + std::string(skip) + "' is not a count");
  }
  return Status::Ok();
}

}  // namespace

void ArmFault(std::string_view point, FaultAction action, int skip) {
  Faults& faults = Registry();
  MutexLock lock(faults.mu);
  faults.armed.insert_or_assign(std::string(point), Armed{action, skip});
  faults.UpdateActive();
}

void ClearFaults() {
  Faults& faults = Registry();
  MutexLock lock(faults.mu);
  faults.armed.clear();
  faults.recorded.clear();
  faults.UpdateActive();
}

Status ArmFaultsFromEnvironment() {
  const char* variable = std::getenv("SAGITTA_FAULTS");
  if (variable == nullptr) return Status::Ok();
  std::string_view rest = variable;
  std::map<std::string, Armed> parsed;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Status::InvalidArgument("SAGITTA_FAULTS",
                                     "'" + std::string(item) + "' is not name=action[:skip]");
    }
    Armed armed{};
    SAGITTA_RETURN_IF_ERROR(ParseAction(item.substr(equals + 1), &armed));
    parsed.insert_or_assign(std::string(item.substr(0, equals)), armed);
  }
  for (const auto& [point, armed] : parsed) ArmFault(point, armed.action, armed.skip);
  return Status::Ok();
}

void RecordFaultPoints(bool on) {
  Faults& faults = Registry();
  MutexLock lock(faults.mu);
  faults.recording = on;
  faults.UpdateActive();
}

std::vector<std::string> RecordedFaultPoints() {
  Faults& faults = Registry();
  MutexLock lock(faults.mu);
  return {faults.recorded.begin(), faults.recorded.end()};
}

Status PassFaultPoint(std::string_view point) {
  Faults& faults = Registry();
  MutexLock lock(faults.mu);
  if (faults.recording && !faults.recorded.contains(point)) faults.recorded.emplace(point);
  const auto it = faults.armed.find(point);
  if (it == faults.armed.end()) return Status::Ok();
  if (it->second.skip > 0) {
    --it->second.skip;
    return Status::Ok();
  }
  switch (it->second.action) {
    case FaultAction::kKill:
      kill(getpid(), SIGKILL);
      while (true) pause();  // the signal may reach another thread first
    case FaultAction::kNoSpace:
      return Status::ResourceExhausted("no space left on device (injected at " +
                                       std::string(point) + ")");
    case FaultAction::kIoError:
      break;
  }
  return Status::Unavailable("input/output error (injected at " + std::string(point) + ")");
}

}  // namespace sagitta::base
