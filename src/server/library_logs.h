// What gRPC and protobuf want to log, for the whole process.
#pragma once

namespace sagitta::server {

// Their messages become debug records of ours: callers can provoke most of them (a malformed
// request, a refused compression), get the error themselves, and must not be able to fill the log.
// Idempotent, thread-safe.
void RouteLibraryLogs();

}  // namespace sagitta::server
