// Wire ↔ engine: models and their training. Pure, thread-safe; see convert_value.h.
#pragma once

#include "sagitta/model.h"
#include "sagitta/v1/models.pb.h"

namespace sagitta::server {

void ToProto(const ModelInfo& in, v1::Model* out);
void ToProto(const ModelEvaluation& in, v1::EvaluateModelResponse* out);
// Take the bytes of the pairs' vectors. The database checks the rest.
Result<TrainBinarizerRequest> FromProto(v1::TrainBinarizerRequest& in);
Result<TrainAdapterRequest> FromProto(v1::TrainAdapterRequest& in);

}  // namespace sagitta::server
