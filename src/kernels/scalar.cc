// Primitives of the scalar level: the reference, and what a CPU without any of the others runs.

#include "kernels/level.inc.h"

namespace sagitta::kernels {
namespace {

uint32_t BitsOf(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof(bits));
  return bits;
}

float FloatOf(uint32_t bits) {
  float v;
  memcpy(&v, &bits, sizeof(v));
  return v;
}

// As F16C does: a signalling NaN becomes quiet and keeps its payload.
float F16ToFloat(uint32_t half) {
  const uint32_t sign = (half & 0x8000) << 16;
  const uint32_t magnitude = half & 0x7fff;
  if (magnitude >= 0x7c00) {
    const uint32_t quiet = magnitude > 0x7c00 ? 0x400000 : 0;
    return FloatOf(sign | 0x7f800000 | (magnitude & 0x3ff) << 13 | quiet);
  }
  if (magnitude < 0x400) {  // zero and subnormal: multiples of 2^-24
    return FloatOf(sign | BitsOf(static_cast<float>(magnitude) * 0x1p-24f));
  }
  return FloatOf(sign | ((magnitude << 13) + (112u << 23)));
}

uint16_t FloatToF16(float v) {
  const uint32_t bits = BitsOf(v);
  const uint32_t sign = bits >> 16 & 0x8000;
  uint32_t x = bits & 0x7fffffff;
  if (x > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | (x >> 13 & 0x3ff));
  if (x >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65,520 rounds to infinity
  // Below 2^-14 the result is a multiple of 2^-24, the unit in the last place of 0.5: the addition
  // rounds.
  if (x < 0x38800000)
    x = BitsOf(FloatOf(x) + 0.5f) - 0x3f000000;
  else
    x = (x + 0xfff + (x >> 13 & 1) - (112u << 23)) >> 13;
  return static_cast<uint16_t>(sign | x);
}

uint16_t FloatToBf16(float v) {
  const uint32_t bits = BitsOf(v);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// Nearest even: 1.5·2^23 leaves no bits for a fraction.
int RoundClamped(float v, float low, float high) {
  if (v != v) return 0;
  const float clamped = v < low ? low : v > high ? high : v;
  const float magic = 12582912.0f;
  return static_cast<int>((clamped + magic) - magic);
}

struct Scalar {
  using F = float;
  static constexpr size_t kWidth = 1;
  static constexpr size_t kRows = 1;

  static F Zero() { return 0.0f; }
  static F Load(F32, const uint8_t* p) { return FloatOf(static_cast<uint32_t>(Word(p, 4))); }
  static F Load(F16, const uint8_t* p) { return F16ToFloat(Word(p, 2)); }
  static F Load(Bf16, const uint8_t* p) { return FloatOf(Word(p, 2) << 16); }
  static F Load(I8, const uint8_t* p) { return static_cast<int8_t>(*p); }
  static F Load(U8, const uint8_t* p) { return *p; }
  template <class T>
  static F LoadPart(T, const uint8_t*, size_t) {
    return 0.0f;  // never asked for: one element is a whole register
  }

  static void Store(F32, uint8_t* p, F v) { memcpy(p, &v, 4); }
  static void Store(F16, uint8_t* p, F v) {
    const uint16_t half = FloatToF16(v);
    memcpy(p, &half, 2);
  }
  static void Store(Bf16, uint8_t* p, F v) {
    const uint16_t half = FloatToBf16(v);
    memcpy(p, &half, 2);
  }
  static void Store(I8, uint8_t* p, F v) {
    *p = static_cast<uint8_t>(RoundClamped(v, -128.0f, 127.0f));
  }
  static void Store(U8, uint8_t* p, F v) {
    *p = static_cast<uint8_t>(RoundClamped(v, 0.0f, 255.0f));
  }

  static F Add(F a, F b) { return a + b; }
  static F Sub(F a, F b) { return a - b; }
  static F Abs(F v) { return FloatOf(BitsOf(v) & 0x7fffffff); }
  static F MulAdd(F a, F b, F sum) { return a * b + sum; }
  static F NegMulAdd(F a, F b, F sum) { return sum - a * b; }
  template <size_t R>
  static void Sum(const F* sums, float* keys) {
    for (size_t r = 0; r < R; ++r) keys[r] = sums[r];
  }

  using IntSums = int32_t;
  static constexpr size_t kBytesWidth = 1;
  static IntSums IntZero() { return 0; }
  static uint8_t LoadBytes(const uint8_t* p) { return *p; }
  static uint8_t LoadBytesPart(const uint8_t*, size_t) { return 0; }
  static int32_t Value(I8, uint8_t v) { return static_cast<int8_t>(v); }
  static int32_t Value(U8, uint8_t v) { return v; }
  template <class T>
  static void IntStep(T t, L2, uint8_t a, uint8_t b, IntSums& sum) {
    const int32_t difference = Value(t, a) - Value(t, b);
    sum += difference * difference;
  }
  template <class T>
  static void IntStep(T t, InnerProduct, uint8_t a, uint8_t b, IntSums& sum) {
    sum += Value(t, a) * Value(t, b);
  }
  template <class T>
  static void IntStep(T t, L1, uint8_t a, uint8_t b, IntSums& sum) {
    const int32_t difference = Value(t, a) - Value(t, b);
    sum += difference < 0 ? -difference : difference;
  }
  template <class T, class M>
  static int32_t IntTotal(T, M, IntSums even, IntSums odd) {
    return even + odd;
  }

 private:
  static uint32_t Word(const uint8_t* p, size_t bytes) {
    uint32_t word = 0;
    memcpy(&word, p, bytes);
    return word;
  }
};

}  // namespace

constinit const LevelTable kScalarTable = MakeLevelTable<Scalar>();

}  // namespace sagitta::kernels
