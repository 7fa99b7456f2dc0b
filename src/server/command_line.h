// sagittad's command line.
#pragma once

#include <string>

#include "server/config.h"

namespace sagitta::server {

// Exit codes; those from 64 on as in sysexits.h.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCannotCreate = 73;
inline constexpr int kExitIo = 74;
inline constexpr int kExitNoPermission = 77;
inline constexpr int kExitConfig = 78;

struct CommandLine {
  enum class Action { kRun, kCheckConfig, kPrintConfig, kHealthcheck, kGenerateKey, kExit };

  Action action = Action::kRun;
  int exit_code = kExitOk;  // with kExit: help, version or a usage error was printed
  std::string config_file;
  Settings flags;
  std::string key_id;  // with kGenerateKey
  std::string key_scopes;
};

// Prints help, version and usage errors itself.
CommandLine ParseCommandLine(int argc, char** argv);

}  // namespace sagitta::server
