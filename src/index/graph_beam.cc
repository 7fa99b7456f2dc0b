#include "index/graph_beam.h"

namespace sagitta::index {

GraphScratch& ThreadGraphScratch() {
  thread_local GraphScratch scratch;
  return scratch;
}

}  // namespace sagitta::index
