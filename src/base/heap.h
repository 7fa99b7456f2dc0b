// The heap of the process.
#pragma once

namespace sagitta::base {

// Gives the kernel back the pages of the heap that nothing is on. The C library does so by itself
// only at the heap's end: after a job that took and freed gigabytes, a few small blocks behind them
// keep all of it. Walks the heap, milliseconds; what is allocated next has to be paged in again.
// Does nothing where the C library has no such call. Thread-safe.
void TrimHeap();

}  // namespace sagitta::base
