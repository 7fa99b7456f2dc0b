#include "engine/sequencer.h"

#include <algorithm>

namespace sagitta::engine {
namespace {

// A token cannot wake a waiter, so waits are cut into pieces of this length.
constexpr std::chrono::milliseconds kPoll{5};

}  // namespace

void Sequencer::AdvanceTo(uint64_t seq) {
  base::MutexLock lock(mu_);
  last_ = std::max(last_, seq);
}

uint64_t Sequencer::Begin() {
  base::MutexLock lock(mu_);
  pending_.insert(++last_);
  return last_;
}

void Sequencer::End(uint64_t seq) {
  base::MutexLock lock(mu_);
  pending_.erase(seq);
  done_.NotifyAll();
}

uint64_t Sequencer::last() const {
  base::MutexLock lock(mu_);
  return last_;
}

void Sequencer::WaitNonePending() const {
  base::MutexLock lock(mu_);
  while (!pending_.empty()) done_.Wait(mu_);
}

Status Sequencer::WaitVisible(uint64_t seq, const CancelToken& cancel) const {
  if (seq == 0) return Status::Ok();
  base::MutexLock lock(mu_);
  if (seq > last_ && !cancel.can_cancel()) {
    return Status::FailedPrecondition("min_seq is " + std::to_string(seq) +
                                      ", the collection's last write is " + std::to_string(last_));
  }
  while (seq > last_ || (!pending_.empty() && *pending_.begin() <= seq)) {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    done_.WaitUntil(mu_, std::chrono::steady_clock::now() + kPoll);
  }
  return Status::Ok();
}

}  // namespace sagitta::engine
