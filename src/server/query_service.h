// QueryService: search. Thread-safe.
#pragma once

#include "sagitta/v1/query.grpc.pb.h"
#include "server/service_state.h"

namespace sagitta::server {

std::unique_ptr<grpc::Service> MakeQueryService(ServiceState& state);

}  // namespace sagitta::server
