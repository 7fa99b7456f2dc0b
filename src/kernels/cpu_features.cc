#include "kernels/cpu_features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sagitta::kernels {

#if defined(__x86_64__)

namespace {

// The state components that the operating system saves: bit 1 SSE, 2 AVX, 5–7 AVX-512.
uint64_t ReadXcr0() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

bool HasAll(uint64_t bits, uint64_t wanted) { return (bits & wanted) == wanted; }

constexpr uint64_t Bit(int i) { return uint64_t{1} << i; }

}  // namespace

// Bits as in the "CPUID—CPU Identification" table of Intel's manual, volume 2.
CpuFeatures DetectCpuFeatures() {
  CpuFeatures features;
  uint32_t a = 0, b = 0, leaf1_c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &leaf1_c, &d)) return features;
  constexpr uint64_t kFma = Bit(12), kOsxsave = Bit(27), kAvx = Bit(28), kF16c = Bit(29);
  if (!HasAll(leaf1_c, kOsxsave | kAvx)) return features;

  uint32_t leaf7_b = 0, leaf7_c = 0;
  if (!__get_cpuid_count(7, 0, &a, &leaf7_b, &leaf7_c, &d)) return features;
  constexpr uint64_t kAvx2 = Bit(5);
  constexpr uint64_t kAvx512FDqBwVl = Bit(16) | Bit(17) | Bit(30) | Bit(31);
  constexpr uint64_t kAvx512Vnni = Bit(11), kAvx512Vpopcntdq = Bit(14);
  constexpr uint64_t kAvx512Vbmi = Bit(1);

  const uint64_t saved = ReadXcr0();
  features.avx2 = HasAll(saved, 0x6) && HasAll(leaf1_c, kFma | kF16c) && HasAll(leaf7_b, kAvx2);
  features.avx512 = features.avx2 && HasAll(saved, 0xe6) && HasAll(leaf7_b, kAvx512FDqBwVl);
  features.avx512_vnni = features.avx512 && HasAll(leaf7_c, kAvx512Vnni);
  features.avx512_vpopcntdq =
      features.avx512_vnni && HasAll(leaf7_c, kAvx512Vpopcntdq | kAvx512Vbmi);
  return features;
}

#else

CpuFeatures DetectCpuFeatures() {
  CpuFeatures features;
#if defined(__aarch64__)
  features.neon = true;  // part of the base architecture
#endif
  return features;
}

#endif

}  // namespace sagitta::kernels
