// Codes with VNNI, which has nothing for single bits.

#include "kernels/code_avx512.inc.h"

namespace sagitta::kernels {

constinit const CodeTable kAvx512VnniCodes = MakeCodeTable<Avx512VnniCodes>();

}  // namespace sagitta::kernels
