// Calls that take a while: a stream of progress, from a thread of the wait pool that does the work
// or waits for it, and what came out of it last.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>

#include "server/service_state.h"
#include "server/unary_call.h"

namespace sagitta::server {

// What one such method does. `report` may be called from any thread.
struct ProgressWork {
  Method method;
  // The work, to its end: the last message, or why there is none.
  std::function<Result<std::unique_ptr<google::protobuf::Message>>(
      Call& call, const grpc::ByteBuffer& request, const std::function<void(double)>& report)>
      run;
  // A message that says how far it is, 0–1.
  std::function<std::unique_ptr<google::protobuf::Message>(double progress)> progress;
};

// `work` outlives the call.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartProgressCall(const ProgressWork& work,
                                                              ServiceState& state,
                                                              grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request);

const ProgressWork& WaitIndexedWork();
const ProgressWork& RecommendStorageWork();

}  // namespace sagitta::server
