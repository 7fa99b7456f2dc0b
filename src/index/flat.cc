#include "index/flat.h"

namespace sagitta::index {

Status FlatIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                         uint64_t* distances) const {
  out->clear();
  return ScanExact(rows_, 0, rows_.n, query, out, distances);
}

}  // namespace sagitta::index
