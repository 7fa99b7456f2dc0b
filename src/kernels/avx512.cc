// The AVX-512 level (F, BW, VL, DQ).

#include "kernels/avx512.inc.h"
#include "kernels/level.inc.h"

namespace sagitta::kernels {

constinit const LevelTable kAvx512Table = MakeLevelTable<Avx512>();

}  // namespace sagitta::kernels
