// ErrorState: why a store refuses writes. Set by a failed write or by RocksDB's background work.
//
// A full disk is passing: the store tries again before the next write. Any other error stays until
// the store is opened anew: after a failed fsync the kernel may have dropped the very pages that
// were to be written, so a second fsync that succeeds proves nothing. Thread-safe.
#pragma once

#include <rocksdb/listener.h>
#include <rocksdb/status.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "sagitta/status.h"

namespace sagitta::store {

class ErrorState {
 public:
  enum class Source { kWrite, kBackground };

  // `what` names the store in messages.
  explicit ErrorState(std::string what) : what_(std::move(what)) {}

  bool healthy() const { return healthy_.load(std::memory_order_acquire); }
  // OK, or RESOURCE_EXHAUSTED (full disk), or UNAVAILABLE.
  Status status() const EXCLUDES_LOCK(mu_);
  // Takes note of `error` unless a lasting one is known already; returns status().
  Status Record(const rocksdb::Status& error, Source source) EXCLUDES_LOCK(mu_);
  Status Record(const Status& error, Source source) EXCLUDES_LOCK(mu_);

  // True while the only reason is a full disk.
  bool passing() const EXCLUDES_LOCK(mu_);
  // Whether a write was among what failed.
  bool write_failed() const EXCLUDES_LOCK(mu_);
  // Forgets a passing error; returns whether a write was among what failed.
  bool ForgetPassing() EXCLUDES_LOCK(mu_);

 private:
  Status RecordLocked(bool no_space, const std::string& message, Source source) REQUIRES_LOCK(mu_);

  const std::string what_;
  std::atomic<bool> healthy_{true};
  mutable base::Mutex mu_;
  Status status_ GUARDED_BY(mu_);
  bool write_failed_ GUARDED_BY(mu_) = false;
};

// Reports RocksDB's background errors to an ErrorState.
class ErrorListener : public rocksdb::EventListener {
 public:
  explicit ErrorListener(std::shared_ptr<ErrorState> state) : state_(std::move(state)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  // RocksDB would poll the disk and go on by itself, at a moment of its own, and answers the
  // store's own attempt with Busy meanwhile.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  std::shared_ptr<ErrorState> state_;
};

}  // namespace sagitta::store
