// sagitta models train.
#pragma once

#include "cli/session.h"

namespace sagitta::cli {

void AddTrainCommand(CLI::App& group, Commands& commands);

}  // namespace sagitta::cli
