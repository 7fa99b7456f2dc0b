#include "sagitta/query.h"

namespace sagitta {

CancelToken CancelToken::WithDeadline(std::chrono::steady_clock::time_point deadline) {
  CancelToken token = Manual();
  token.state_->deadline = deadline;
  return token;
}

CancelToken CancelToken::Manual() {
  CancelToken token;
  token.state_ = std::make_shared<State>();
  return token;
}

void CancelToken::Cancel() { state_->cancelled.store(true, std::memory_order_relaxed); }

Status CancelToken::Check() const {
  if (state_ == nullptr) return Status::Ok();
  if (state_->cancelled.load(std::memory_order_relaxed)) {
    return {StatusCode::kCancelled, "the request was cancelled"};
  }
  if (state_->deadline != std::chrono::steady_clock::time_point::max() &&
      std::chrono::steady_clock::now() >= state_->deadline) {
    return {StatusCode::kDeadlineExceeded, "the request's deadline passed"};
  }
  return Status::Ok();
}

std::chrono::steady_clock::time_point CancelToken::deadline() const {
  return state_ == nullptr ? std::chrono::steady_clock::time_point::max() : state_->deadline;
}

}  // namespace sagitta
