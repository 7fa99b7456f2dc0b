// AdminService: statistics, compaction, snapshots, log level, version. Thread-safe.
#pragma once

#include "sagitta/v1/admin.grpc.pb.h"
#include "server/service_state.h"

namespace sagitta::server {

std::unique_ptr<grpc::Service> MakeAdminService(ServiceState& state);

}  // namespace sagitta::server
