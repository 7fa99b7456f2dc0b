// What the steps of a graph search cost on this machine, for GraphPlan to choose by. Instruction
// sets and memory differ: what is a scan on one machine is better a walk on another.
#pragma once

#include <string>

namespace sagitta::index {

// Nanoseconds. A row of l cache lines costs row + l × line. The defaults were measured on Zen 4
// with rows of 2 to 13 lines.
struct GraphCosts {
  double scan_row = 6.0, scan_line = 1.6;       // codes in order, or nearly
  double walk_row = 8.0, walk_line = 2.5;       // codes at the ends of links
  double vector_row = 12.0, vector_line = 2.2;  // stored vectors, which lie further away
  double prepare = 3000.0;                      // the query's transform
  double hop = 60.0;                            // pool, links, bookkeeping
  double test = 0.8;                            // a link looked at: visited? passing?
  double far_links = 18.0;                      // fetching the links of a node in between

  std::string ToString() const;
};

// Measured now, on one thread, in some 30 ms. Each within a factor of four of the default, whatever
// else the machine was doing.
GraphCosts MeasureGraphCosts();

// What searches go by: the defaults, until Calibrate has measured. Thread-safe.
const GraphCosts& CurrentGraphCosts();
// Measures once per process; later calls return at once.
const GraphCosts& CalibrateGraphCosts();

}  // namespace sagitta::index
