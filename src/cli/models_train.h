// sagitta models train, train-adapter.
#pragma once

#include "cli/session.h"

namespace sagitta::cli {

void AddTrainCommand(CLI::App& group, Commands& commands);
void AddTrainAdapterCommand(CLI::App& group, Commands& commands);

}  // namespace sagitta::cli
