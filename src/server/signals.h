// SIGTERM, SIGINT and SIGHUP as something to wait for. Process-wide.
//
// Through a handler and a pipe rather than by blocking the signals for sigwait(): libraries start
// threads before main() (OpenBLAS does) that block nothing, and a signal that such a thread takes
// would end the process.
#pragma once

#include "sagitta/status.h"

namespace sagitta::server {

// From now on these signals end nothing by themselves. REQUIRES: called once.
Status CatchSignals();
// Waits for the next one and returns its number. Thread-safe.
int NextSignal();

}  // namespace sagitta::server
