// CollectionService: schemas, settings, aliases, payload indexes. Thread-safe.
#pragma once

#include "sagitta/v1/collections.grpc.pb.h"
#include "server/service_state.h"

namespace sagitta::server {

std::unique_ptr<grpc::Service> MakeCollectionService(ServiceState& state);

}  // namespace sagitta::server
