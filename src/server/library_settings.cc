#include "server/library_settings.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include "base/log.h"

namespace sagitta::server {
namespace {

void LogGrpc(gpr_log_func_args* args) { base::LogDebug("grpc: {}", args->message); }

void LogProtobuf(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  base::LogDebug("protobuf: {}", message);
}

}  // namespace

void SetUpLibraries() {
  gpr_set_log_function(&LogGrpc);
  google::protobuf::SetLogHandler(&LogProtobuf);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace sagitta::server
