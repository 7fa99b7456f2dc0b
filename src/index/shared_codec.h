// Codecs that many segments have: those of models, of which each may take megabytes. Thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "codec/codec.h"

namespace sagitta::index {

// Codec::Deserialize(bytes), or the codec that another caller has of the very same bytes.
Result<std::shared_ptr<const codec::Codec>> ShareCodec(std::string_view bytes);

}  // namespace sagitta::index
