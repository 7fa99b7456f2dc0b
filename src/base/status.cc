#include "sagitta/status.h"

namespace sagitta {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kCancelled:
      return "CANCELLED";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    case StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case StatusCode::kAborted:
      return "ABORTED";
    case StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case StatusCode::kInternal:
      return "INTERNAL";
    case StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case StatusCode::kDataLoss:
      return "DATA_LOSS";
  }
  return "UNKNOWN";
}

Status Status::InvalidArgument(std::string field, std::string message) {
  Status status(StatusCode::kInvalidArgument, std::move(message));
  status.field_ = std::move(field);
  return status;
}

Status Status::ResourceExhausted(std::string message, uint32_t retry_after_ms) {
  Status status(StatusCode::kResourceExhausted, std::move(message));
  status.retry_after_ms_ = retry_after_ms;
  return status;
}

std::string Status::ToString() const {
  std::string text(StatusCodeName(code_));
  if (!field_.empty()) text.append(": ").append(field_);
  if (!message_.empty()) text.append(": ").append(message_);
  return text;
}

Status Status::WithFieldPrefix(std::string_view prefix) const {
  Status status = *this;
  if (!field_.empty()) {
    status.field_.insert(0, prefix);
  } else if (code_ == StatusCode::kInvalidArgument) {
    // The whole of what the prefix names is wrong: "points[3]." says so as "points[3]".
    if (prefix.ends_with('.')) prefix.remove_suffix(1);
    status.field_ = prefix;
  }
  return status;
}

}  // namespace sagitta
