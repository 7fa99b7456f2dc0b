// UpsertStream: bulk writes over one call. Batches are applied one after the other, in the order
// sent, on the write pool; each is acknowledged. Up to 8 batches or 16 MiB are read ahead.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/service_state.h"

namespace sagitta::server {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartUpsertStream(
    ServiceState& state, grpc::CallbackServerContext* context);

}  // namespace sagitta::server
