// The heap of the process.
#pragma once

namespace sagitta::base {

// Sets up the heap of a server process, once, before it has threads: a program that embeds the
// library has its own ideas. By default glibc keeps an arena for each of up to eight threads per
// core, and in each whatever was freed at its end until that is twice the largest block ever freed
// (64 MiB, after a while), which TrimHeap() does not touch either. Does nothing where the C library
// has no such settings.
void ConfigureServerHeap();

// Gives the kernel back the pages of the heap that nothing is on. The C library does so by itself
// only at the heap's end: after a job that took and freed gigabytes, a few small blocks behind them
// keep all of it. Walks the heap, milliseconds; what is allocated next has to be paged in again.
// Does nothing where the C library has no such call. Thread-safe.
void TrimHeap();

}  // namespace sagitta::base
