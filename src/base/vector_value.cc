#include <cstring>

#include "base/float16.h"
#include "sagitta/point.h"

namespace sagitta {

namespace {

template <typename Stored, typename Function>
std::vector<float> Convert(const VectorValue& vector, const Function& convert) {
  std::vector<float> out(vector.dim());
  for (size_t i = 0; i < out.size(); ++i) {
    Stored element;
    std::memcpy(&element, vector.bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = convert(element);
  }
  return out;
}

std::vector<float> Unpack(const VectorValue& vector) {
  std::vector<float> out(vector.dim());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(static_cast<uint8_t>(vector.bytes[i / 8]) >> (i % 8) & 1);
  }
  return out;
}

}  // namespace

VectorValue::VectorValue(std::span<const float> values)
    : bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes()) {}

std::vector<float> VectorValue::ToFloats() const {
  const auto widen = [](auto element) { return static_cast<float>(element); };
  switch (dtype) {
    case Dtype::kF32:
      return Convert<float>(*this, widen);
    case Dtype::kF16:
      return Convert<uint16_t>(*this, base::HalfToFloat);
    case Dtype::kBf16:
      return Convert<uint16_t>(*this, base::Bf16ToFloat);
    case Dtype::kI8:
      return Convert<int8_t>(*this, widen);
    case Dtype::kU8:
      return Convert<uint8_t>(*this, widen);
    case Dtype::kBits:
      return Unpack(*this);
  }
  return {};
}

}  // namespace sagitta
