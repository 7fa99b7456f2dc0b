#include "store/error_state.h"

#include "base/log.h"

namespace sagitta::store {

Status ErrorState::status() const {
  if (healthy()) return Status::Ok();
  base::MutexLock lock(mu_);
  return status_;
}

bool ErrorState::passing() const {
  base::MutexLock lock(mu_);
  return status_.code() == StatusCode::kResourceExhausted;
}

bool ErrorState::write_failed() const {
  base::MutexLock lock(mu_);
  return write_failed_;
}

bool ErrorState::ForgetPassing() {
  base::MutexLock lock(mu_);
  if (status_.code() != StatusCode::kResourceExhausted) return false;
  status_ = Status::Ok();
  healthy_.store(true, std::memory_order_release);
  const bool failed = write_failed_;
  write_failed_ = false;
  return failed;
}

Status ErrorState::Record(const rocksdb::Status& error, Source source) {
  base::MutexLock lock(mu_);
  return RecordLocked(error.IsNoSpace(), error.ToString(), source);
}

Status ErrorState::Record(const Status& error, Source source) {
  base::MutexLock lock(mu_);
  return RecordLocked(error.code() == StatusCode::kResourceExhausted, error.message(), source);
}

Status ErrorState::RecordLocked(bool no_space, const std::string& message, Source source) {
  if (source == Source::kWrite) write_failed_ = true;
  if (no_space && !status_.ok()) return status_;
  if (status_.code() == StatusCode::kUnavailable) return status_;
  status_ =
      no_space
          ? Status::ResourceExhausted(what_ + ": the disk is full: " + message, 1000)
          : Status::Unavailable(what_ + " is read-only until it is opened anew, after: " + message);
  healthy_.store(false, std::memory_order_release);
  base::LogError("{}", status_.message());
  return status_;
}

void ErrorListener::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) {
  if (error != nullptr && !error->ok()) {
    // A failed write reports itself too; whether it left a log record cannot be told from here.
    (void)state_->Record(*error, ErrorState::Source::kBackground);
  }
}

void ErrorListener::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                                         bool* auto_recovery) {
  error.PermitUncheckedError();
  *auto_recovery = false;
}

}  // namespace sagitta::store
