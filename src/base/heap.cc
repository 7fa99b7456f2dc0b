#include "base/heap.h"

#include <algorithm>

#include "base/memory_budget.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace sagitta::base {

void ConfigureServerHeap() {
#ifdef __GLIBC__
  // Two threads of RPCs, searches and background work per core seldom allocate at once.
  ::mallopt(M_ARENA_MAX, static_cast<int>(std::max(4u, 2 * AvailableCores())));
  // Mutable segments and memtables are made of blocks of this size: mapped by themselves, they go
  // as soon as they are freed. Buffers of requests and batches are mostly smaller: to page them in
  // anew each time would cost inserts a few percent.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 2 << 20);
#endif
}

void TrimHeap() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace sagitta::base
