// Building an HNSW graph: FAISS's faiss::HNSW chooses the links, our kernels compute every
// distance, and our own threads insert, so that building can be watched, bounded and stopped.
#pragma once

#include <memory>

#include "index/vector_index.h"

namespace faiss {
struct HNSW;
}

namespace sagitta::index {

// With one worker the graph is a function of rows, params and context.seed. REQUIRES: 1 ≤ rows.n ≤
// kMaxHnswRows. CANCELLED or DEADLINE_EXCEEDED within a few insertions of context.cancel saying so.
Result<std::shared_ptr<faiss::HNSW>> BuildHnswGraph(const VectorRows& rows,
                                                    const HnswParams& params,
                                                    const BuildContext& context);

}  // namespace sagitta::index
