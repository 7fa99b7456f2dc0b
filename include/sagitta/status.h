// Status and Result<T>: how every Sagitta function says that it failed.
//
// A Status is a code, a message for a person, and, for a caller's mistake, the field that is wrong.
// Codes have the meaning of the gRPC codes of the same name. Thread-compatible value types.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace sagitta {

enum class StatusCode : uint8_t {
  kOk = 0,
  kCancelled,
  kInvalidArgument,  // the request is wrong whatever the state; `field()` says where
  kDeadlineExceeded,
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kUnauthenticated,
  kResourceExhausted,   // a limit, a full disk or a full queue; `retry_after_ms()` may be set
  kFailedPrecondition,  // right in itself, but not in this state
  kAborted,             // a condition given with a write did not hold
  kOutOfRange,
  kUnimplemented,
  kInternal,     // a broken invariant of ours
  kUnavailable,  // shutting down or read-only; retry elsewhere or later
  kDataLoss,     // stored bytes fail their checksum
};

// Upper-case name as gRPC spells it, "INVALID_ARGUMENT".
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }
  // `field` is the path of the wrong input as the API spells it, "vectors.text" or "filter.and[2]".
  static Status InvalidArgument(std::string field, std::string message);
  static Status NotFound(std::string message) {
    return {StatusCode::kNotFound, std::move(message)};
  }
  static Status AlreadyExists(std::string message) {
    return {StatusCode::kAlreadyExists, std::move(message)};
  }
  static Status FailedPrecondition(std::string message) {
    return {StatusCode::kFailedPrecondition, std::move(message)};
  }
  static Status ResourceExhausted(std::string message, uint32_t retry_after_ms = 0);
  static Status Unavailable(std::string message) {
    return {StatusCode::kUnavailable, std::move(message)};
  }
  static Status DataLoss(std::string message) {
    return {StatusCode::kDataLoss, std::move(message)};
  }
  static Status Internal(std::string message) {
    return {StatusCode::kInternal, std::move(message)};
  }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& field() const { return field_; }
  uint32_t retry_after_ms() const { return retry_after_ms_; }

  // "INVALID_ARGUMENT: vectors.text: dim is 3, the field has 384".
  std::string ToString() const;

  // The same error with `prefix` put before the field ("points[3]." + "vectors.text").
  Status WithFieldPrefix(std::string_view prefix) const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::string field_;
  uint32_t retry_after_ms_ = 0;
};

// A value, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT: implicit by design
  Result(Status status) : state_(std::move(status)) {  // NOLINT: implicit by design
    assert(!std::get<Status>(state_).ok());
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  // REQUIRES: ok().
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace sagitta

// Return early from a function that itself returns Status or Result.
#define SAGITTA_RETURN_IF_ERROR(expr)                  \
  do {                                                 \
    ::sagitta::Status sagitta_status_ = (expr);        \
    if (!sagitta_status_.ok()) return sagitta_status_; \
  } while (0)

#define SAGITTA_CONCAT_INNER(a, b) a##b
#define SAGITTA_CONCAT(a, b) SAGITTA_CONCAT_INNER(a, b)
#define SAGITTA_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) return tmp.status();                 \
  lhs = std::move(tmp).value()
#define SAGITTA_ASSIGN_OR_RETURN(lhs, expr) \
  SAGITTA_ASSIGN_OR_RETURN_IMPL(SAGITTA_CONCAT(sagitta_result_, __LINE__), lhs, expr)
