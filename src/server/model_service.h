// ModelService: models, their training, their way in and out. Thread-safe.
#pragma once

#include "sagitta/v1/models.grpc.pb.h"
#include "server/service_state.h"

namespace sagitta::server {

std::unique_ptr<grpc::Service> MakeModelService(ServiceState& state);

}  // namespace sagitta::server
