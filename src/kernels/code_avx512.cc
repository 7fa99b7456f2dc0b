// Codes at the AVX-512 level.

#include "kernels/code_avx512.inc.h"

namespace sagitta::kernels {

constinit const CodeTable kAvx512Codes = MakeCodeTable<Avx512Codes>();

}  // namespace sagitta::kernels
