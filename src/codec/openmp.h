// FAISS starts OpenMP threads of its own inside training. Include only where OpenMP is linked.
#pragma once

#include <omp.h>

namespace sagitta::codec {

// While this lives, none from this thread.
class OneOpenMpThread {
 public:
  OneOpenMpThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneOpenMpThread() { omp_set_num_threads(before_); }
  OneOpenMpThread(const OneOpenMpThread&) = delete;
  OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

 private:
  const int before_;
};

}  // namespace sagitta::codec
