#include "server/status_map.h"

#include <array>

#include "google/rpc/error_details.pb.h"
#include "server/convert_filter.h"

namespace sagitta::server {
namespace {

constexpr std::string_view kDomain = "sagitta";

struct CodePair {
  StatusCode ours;
  grpc::StatusCode wire;
};
constexpr std::array<CodePair, 16> kCodes = {{
    {StatusCode::kOk, grpc::StatusCode::OK},
    {StatusCode::kCancelled, grpc::StatusCode::CANCELLED},
    {StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {StatusCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {StatusCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
    {StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    {StatusCode::kAborted, grpc::StatusCode::ABORTED},
    {StatusCode::kOutOfRange, grpc::StatusCode::OUT_OF_RANGE},
    {StatusCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
    {StatusCode::kInternal, grpc::StatusCode::INTERNAL},
    {StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {StatusCode::kDataLoss, grpc::StatusCode::DATA_LOSS},
}};

// Engine paths name filter nodes by operation; the wire has other names for four of them.
std::string WireField(const std::string& field) {
  const size_t at = field.find("filter.");
  if (at == std::string::npos || (at != 0 && field[at - 1] != '.')) return field;
  return field.substr(0, at) + WireFilterPath(std::string_view(field).substr(at));
}

void AddRetry(uint32_t retry_after_ms, google::rpc::Status* out) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_after_ms % 1000) * 1000000);
  out->add_details()->PackFrom(retry);
}

bool WantsResource(StatusCode code) {
  return code == StatusCode::kNotFound || code == StatusCode::kAlreadyExists ||
         code == StatusCode::kDataLoss;
}

}  // namespace

grpc::StatusCode ToGrpcCode(StatusCode code) {
  for (const CodePair& pair : kCodes) {
    if (pair.ours == code) return pair.wire;
  }
  return grpc::StatusCode::UNKNOWN;
}

StatusCode FromGrpcCode(grpc::StatusCode code) {
  for (const CodePair& pair : kCodes) {
    if (pair.wire == code) return pair.ours;
  }
  return StatusCode::kInternal;
}

google::rpc::Status ToRpcStatus(const Status& status, const ErrorContext& context) {
  google::rpc::Status out;
  out.set_code(ToGrpcCode(status.code()));
  if (status.ok()) return out;
  const std::string field = WireField(status.field());
  out.set_message(field.empty() ? status.message() : field + ": " + status.message());

  google::rpc::ErrorInfo info;
  info.set_reason(
      std::string(context.reason.empty() ? StatusCodeName(status.code()) : context.reason));
  info.set_domain(std::string(kDomain));
  out.add_details()->PackFrom(info);

  if (!field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(status.message());
    out.add_details()->PackFrom(bad);
  }
  if (status.retry_after_ms() != 0) AddRetry(status.retry_after_ms(), &out);
  if (status.code() == StatusCode::kResourceExhausted) {
    google::rpc::QuotaFailure quota;
    quota.add_violations()->set_description(status.message());
    out.add_details()->PackFrom(quota);
  }
  if (!context.resource_name.empty() && WantsResource(status.code())) {
    google::rpc::ResourceInfo resource;
    resource.set_resource_type(std::string(context.resource_type));
    resource.set_resource_name(std::string(context.resource_name));
    resource.set_description(status.message());
    out.add_details()->PackFrom(resource);
  }
  return out;
}

grpc::Status ToGrpcStatus(const Status& status, const ErrorContext& context) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpcStatus(status, context);
  return grpc::Status(ToGrpcCode(status.code()), rpc.message(), rpc.SerializeAsString());
}

Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return Status::Ok();
  const StatusCode code = FromGrpcCode(status.error_code());
  google::rpc::Status rpc;
  std::string field;
  std::string message = status.error_message();
  uint32_t retry_ms = 0;
  if (rpc.ParseFromString(status.error_details())) {
    for (const auto& detail : rpc.details()) {
      google::rpc::BadRequest bad;
      google::rpc::RetryInfo retry;
      if (detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
        field = bad.field_violations(0).field();
        message = bad.field_violations(0).description();
      } else if (detail.UnpackTo(&retry)) {
        retry_ms = static_cast<uint32_t>(retry.retry_delay().seconds() * 1000 +
                                         retry.retry_delay().nanos() / 1000000);
      }
    }
  }
  if (code == StatusCode::kInvalidArgument) return Status::InvalidArgument(field, message);
  if (code == StatusCode::kResourceExhausted) return Status::ResourceExhausted(message, retry_ms);
  return Status(code, message);
}

}  // namespace sagitta::server
