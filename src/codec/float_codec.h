// Codecs that store every element as a float of 16 bits.
#pragma once

#include <memory>

#include "codec/codec.h"

namespace sagitta::codec {

// REQUIRES: kF16 or kBf16.
std::unique_ptr<Codec> MakeFloatCodec(CodecKind kind, Metric metric, uint32_t dim);

}  // namespace sagitta::codec
