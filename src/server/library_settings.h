// What gRPC, protobuf and Abseil are told once, for the whole process.
#pragma once

namespace sagitta::server {

// Their messages become debug records of ours: callers can provoke most of them (a malformed
// request, a refused compression), get the error themselves, and must not be able to fill the log.
//
// Abseil's search for deadlocks among its mutexes is turned off. Debian's build has it on, and then
// every lock inside gRPC takes one more that is the same for all threads. ThreadSanitizer finds
// what it finds.
//
// Idempotent, thread-safe.
void SetUpLibraries();

}  // namespace sagitta::server
