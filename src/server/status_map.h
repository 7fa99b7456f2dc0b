// The one mapping between Status and gRPC's status, with google.rpc details. Pure, thread-safe.
//
// An error carries, serialized in `grpc-status-details-bin`: ErrorInfo (domain "sagitta") always,
// BadRequest.FieldViolation where a field is wrong, RetryInfo and QuotaFailure where a limit was
// met, ResourceInfo where a named thing is missing or in the way.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "google/rpc/status.pb.h"
#include "sagitta/status.h"

namespace sagitta::server {

// Facts about an error that a Status has no place for.
struct ErrorContext {
  std::string_view reason = {};  // ErrorInfo.reason; empty = the code's name
  // Both: ResourceInfo of NOT_FOUND, ALREADY_EXISTS, DATA_LOSS.
  std::string_view resource_type = {};
  std::string_view resource_name = {};
};

grpc::StatusCode ToGrpcCode(StatusCode code);
StatusCode FromGrpcCode(grpc::StatusCode code);

google::rpc::Status ToRpcStatus(const Status& status, const ErrorContext& context = {});
grpc::Status ToGrpcStatus(const Status& status, const ErrorContext& context = {});
// Field and retry delay are read from the details.
Status FromGrpcStatus(const grpc::Status& status);

}  // namespace sagitta::server
