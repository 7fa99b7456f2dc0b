#include "cli/outcome.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sagitta::cli {
namespace {

ExitCode ExitOfInput(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kNotFound:
      return kExitNoInput;
    case StatusCode::kInvalidArgument:
    case StatusCode::kOutOfRange:
    case StatusCode::kDataLoss:
      return kExitBadData;
    case StatusCode::kUnavailable:
      return kExitUnavailable;
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
      return kExitPermission;
    default:
      return kExitFailure;
  }
}

ExitCode ExitOfRpc(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return kExitOk;
    case grpc::StatusCode::UNAVAILABLE:
      return kExitUnavailable;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return kExitPermission;
    default:
      return kExitFailure;
  }
}

// The wire's numbers are Status's names in another order.
std::string RpcCodeName(grpc::StatusCode code) {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "CODE_" + std::to_string(index);
}

}  // namespace

Outcome::Outcome(const Status& status)
    : exit_code_(ExitOfInput(status.code())),
      code_(StatusCodeName(status.code())),
      message_(status.message()) {
  if (!status.field().empty()) violations_.push_back({status.field(), status.message()});
}

Outcome Outcome::Usage(std::string message) {
  Outcome out;
  out.exit_code_ = kExitUsage;
  out.message_ = std::move(message);
  return out;
}

Outcome Outcome::Usage(const Status& status) {
  return Usage((status.field().empty() ? "" : status.field() + ": ") + status.message());
}

Outcome Outcome::Failure(std::string message) {
  Outcome out;
  out.exit_code_ = kExitFailure;
  out.message_ = std::move(message);
  return out;
}

Outcome Outcome::FromRpc(const grpc::Status& status) {
  Outcome out;
  if (status.ok()) return out;
  out.exit_code_ = ExitOfRpc(status.error_code());
  out.code_ = RpcCodeName(status.error_code());
  out.message_ = status.error_message();
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return out;
  for (const auto& any : details.details()) {
    google::rpc::BadRequest bad;
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&bad)) {
      for (const auto& v : bad.field_violations()) {
        out.violations_.push_back({v.field(), v.description()});
      }
    } else if (any.UnpackTo(&info)) {
      out.reason_ = info.reason();
    } else if (any.UnpackTo(&retry)) {
      out.retry_after_ms_ =
          retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000;
    }
  }
  return out;
}

Outcome Outcome::With(ExitCode exit_code, const std::string& prefix) const {
  Outcome out = *this;
  out.exit_code_ = exit_code;
  out.message_ = prefix + message_;
  return out;
}

void Outcome::Print(std::ostream& err) const {
  err << "sagitta: ";
  if (!code_.empty()) err << code_ << ": ";
  err << message_ << "\n";
  for (const Violation& v : violations_) {
    // Messages often are the one violation's text already.
    if (violations_.size() == 1 && message_.find(v.field) != std::string::npos &&
        message_.find(v.description) != std::string::npos) {
      break;
    }
    err << "  " << v.field << ": " << v.description << "\n";
  }
  if (!reason_.empty()) err << "  reason: " << reason_ << "\n";
  if (retry_after_ms_ > 0) err << "  retry after: " << retry_after_ms_ << " ms\n";
}

}  // namespace sagitta::cli
