// WaitIndexed: a stream of progress, from a thread of the wait pool that waits for the compactor.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/service_state.h"

namespace sagitta::server {

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWaitIndexed(ServiceState& state,
                                                             grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request);

}  // namespace sagitta::server
