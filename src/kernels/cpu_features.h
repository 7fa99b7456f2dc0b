// Which instruction sets this CPU has and the operating system saves the registers of. Thread-safe.
#pragma once

namespace sagitta::kernels {

struct CpuFeatures {
  bool avx2 = false;              // with FMA and F16C
  bool avx512 = false;            // F, BW, VL and DQ
  bool avx512_vnni = false;       // and all of avx512
  bool avx512_vpopcntdq = false;  // and all of avx512_vnni, and VBMI
  bool neon = false;
};

CpuFeatures DetectCpuFeatures();

}  // namespace sagitta::kernels
