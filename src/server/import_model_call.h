// ImportModel: a model in parts, over one call. Up to 4 MiB are read ahead; at most 1 GiB in all.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/service_state.h"

namespace sagitta::server {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartImportModel(
    ServiceState& state, grpc::CallbackServerContext* context);

}  // namespace sagitta::server
