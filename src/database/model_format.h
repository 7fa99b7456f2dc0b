// A model as bytes: in its file, and as it is exported and imported. Byte by byte in
// docs/storage.md. Pure, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/learned_codec.h"
#include "sagitta/model.h"

namespace sagitta::database {

struct StoredModel {
  ModelInfo info;
  std::string codec;  // codec::Codec::Serialize() of kind kLearned
};

// Serialized codecs of kind kLearned to what they are. DATA_LOSS on bytes that are damaged.
Result<std::unique_ptr<codec::LearnedCodec>> ReadLearnedCodec(std::string_view bytes);

// Sets metric, dim, bits, width and bytes as the codec has them.
Status SetShape(StoredModel* model);

std::string EncodeModel(const StoredModel& model);
// Everything is checked: the bytes may be damaged, and hostile. DATA_LOSS that says what is wrong;
// FAILED_PRECONDITION when a newer version wrote them.
Result<StoredModel> DecodeModel(std::string_view bytes);

}  // namespace sagitta::database
