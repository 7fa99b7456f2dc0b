// Tables of numbers from 0 to 127 in the place of tables of floats, for kernels::SumTablesFn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sagitta::codec {

// A byte whose floats are far apart is looked up several times, and finds a part of its number each
// time: else it would make the step coarse for all others.
struct QuickTables {
  std::vector<uint32_t> columns;  // the bytes to look up
  std::vector<uint8_t> tables;    // 32 numbers for each
  size_t first = 0;  // about half of the look-ups, which decide more than the others; 0: any order
  float base = 0, step = 0;  // what nibbles find in the floats is about base + step · the sum
  float error = 0;           // the standard error of that; 0 where the floats are integers

  // Of 16 floats for each nibble, an even number of them. `halved`: with those that decide more at
  // the front, unless they are very few.
  static QuickTables Of(const std::vector<float>& tables, bool halved = false);
};

}  // namespace sagitta::codec
