#include "base/memory_budget.h"

#include <string>

namespace sagitta::base {

Status MemoryBudget::Reserve(uint64_t bytes, std::string_view what) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used > limit_ || bytes > limit_ - used) {
      return Status::ResourceExhausted("no memory for " + std::string(what) + ": " +
                                       std::to_string(bytes) + " bytes asked for, " +
                                       std::to_string(used) + " of " + std::to_string(limit_) +
                                       " in use");
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return Status::Ok();
}

}  // namespace sagitta::base
