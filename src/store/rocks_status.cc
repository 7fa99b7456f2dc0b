#include "store/rocks_status.h"

#include <string>

namespace sagitta::store {
namespace {

// RocksDB has no code of its own for a lock that is held.
bool IsLockHeld(const std::string& text) {
  return text.find("lock hold by current process") != std::string::npos ||
         text.find("While lock file") != std::string::npos;
}

}  // namespace

Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return Status::Ok();
  const std::string text = status.ToString();
  const std::string message = std::string(what) + ": " + text;
  if (status.IsCorruption()) return Status::DataLoss(message);
  if (status.IsNoSpace()) return Status::ResourceExhausted(message);
  if (status.IsIOError()) {
    if (IsLockHeld(text)) return Status::FailedPrecondition(message);
    if (status.IsPathNotFound()) return Status::DataLoss(message);
    return Status::Unavailable(message);
  }
  if (status.IsNotFound()) return Status::NotFound(message);
  if (status.IsInvalidArgument()) return Status::FailedPrecondition(message);
  if (status.IsShutdownInProgress() || status.IsBusy() || status.IsTimedOut() ||
      status.IsTryAgain()) {
    return Status::Unavailable(message);
  }
  if (status.IsNotSupported()) return Status(StatusCode::kUnimplemented, message);
  return Status::Internal(message);
}

}  // namespace sagitta::store
