// How building spreads work over threads: blocks handed out in order, stopped by the cancel token.
#pragma once

#include <cstddef>
#include <functional>

#include "index/vector_index.h"

namespace sagitta::index {

// Threads that building may use, at least 1.
size_t WorkerCount(const BuildContext& context);

// Runs fn(w) for w in [0, WorkerCount()), on the pool and the calling thread. An exception thrown
// by fn comes back as INTERNAL, and so do the cancel token's states as their own codes.
Status RunWorkers(const BuildContext& context, const std::function<void(size_t)>& fn);

// Calls fn(begin, end) for blocks of at most `block` of [0, n); blocks start in ascending order.
Status ForBlocks(const BuildContext& context, size_t n, size_t block,
                 const std::function<void(size_t, size_t)>& fn);

// Calls fn on this thread; exceptions become Status as in RunWorkers.
Status CatchExceptions(const BuildContext& context, const std::function<void()>& fn);

// A context whose progress 0–1 is [from, to] of this one's.
BuildContext Phase(const BuildContext& context, double from, double to);

inline void Report(const BuildContext& context, double progress) {
  if (context.progress) context.progress(progress);
}

}  // namespace sagitta::index
