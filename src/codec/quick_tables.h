// Tables of numbers from 0 to 127 in the place of tables of floats, for kernels::SumTablesFn.
#pragma once

#include <cstdint>
#include <vector>

namespace sagitta::codec {

struct QuickTables {
  std::vector<uint8_t> tables;
  float base = 0, step = 0;  // what nibbles find in the floats is about base + step · their sum
  float error = 0;           // the standard error of that; 0 where the floats are small integers

  // Of 16 floats for each nibble.
  static QuickTables Of(const std::vector<float>& tables);
};

}  // namespace sagitta::codec
