// A model as bytes: in its file, and as it is exported and imported. Byte by byte in
// docs/storage.md. Pure, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/learned_codec.h"
#include "learn/adapter.h"
#include "sagitta/model.h"

namespace sagitta::database {

struct StoredModel {
  ModelInfo info;
  // Of a binarizer codec::Codec::Serialize() of kind kLearned, of an adapter
  // learn::Adapter::Serialize().
  std::string body;
};

// FAILED_PRECONDITION when the model is of another kind; DATA_LOSS on bytes that are damaged.
Result<std::unique_ptr<codec::LearnedCodec>> ReadBinarizer(const StoredModel& model);

// Sets what the body says: dim and bytes; of a binarizer metric, bits, width; of an adapter its
// kind and to_dim. DATA_LOSS on bytes that are damaged.
Status SetShape(StoredModel* model);

std::string EncodeModel(const StoredModel& model);
// Everything is checked: the bytes may be damaged, and hostile. DATA_LOSS that says what is wrong;
// FAILED_PRECONDITION when a newer version wrote them.
Result<StoredModel> DecodeModel(std::string_view bytes);

}  // namespace sagitta::database
