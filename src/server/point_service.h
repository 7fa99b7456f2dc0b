// PointService: points by id, by filter and in order. Thread-safe.
#pragma once

#include "sagitta/v1/points.grpc.pb.h"
#include "server/service_state.h"

namespace sagitta::server {

std::unique_ptr<grpc::Service> MakePointService(ServiceState& state);

}  // namespace sagitta::server
