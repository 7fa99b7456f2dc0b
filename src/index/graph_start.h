// What building a graph may begin with: the links of one that grew over the same rows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "index/graph_model.h"

namespace sagitta::index {

struct GraphStart {
  // A node some of whose links led to rows that are gone.
  struct Repair {
    uint32_t position;
    std::vector<uint32_t> candidates;  // what it is still linked to, and what the gone ones were
  };
  // n rows of GraphInserter::StrideOf() positions; a row that begins with kNoGraphLink is not in
  // the graph yet.
  std::vector<uint32_t> links;
  std::vector<Repair> repairs;
  // What codes of these rows were made with.
  std::shared_ptr<const GraphModel> model;
};

}  // namespace sagitta::index
