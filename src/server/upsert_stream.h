// UpsertStream: bulk writes over one call. Batches are applied one after the other, in the order
// sent, on the write pool; each is acknowledged. The next request is read only while the batches
// that were read and not yet acknowledged are at most 8 and 16 MiB, so that HTTP/2's window holds a
// client back that is too fast.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/service_state.h"

namespace sagitta::server {

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartUpsertStream(
    ServiceState& state, grpc::CallbackServerContext* context);

}  // namespace sagitta::server
