// Logging through one spdlog logger of our own, so that an application that embeds Sagitta keeps
// its default logger to itself: LogInfo("sealed {} rows of {}", n, name). Thread-safe. Records go
// to stderr. Nothing below warnings is written unless somebody sets a level.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "sagitta/status.h"

namespace sagitta::base {

// "trace", "debug", "info", "warn", "error", "off". INVALID_ARGUMENT otherwise.
Status SetLogLevel(std::string_view level);
std::string_view LogLevel();
// One line a record on stderr: format "text", or "json" with RFC 3339 time. REQUIRES: called at
// start, before other threads log.
Status InitLogging(std::string_view format, std::string_view level);

spdlog::logger& Logger();

template <typename... Args>
void LogDebug(spdlog::format_string_t<Args...> fmt, Args&&... args) {
  Logger().debug(fmt, std::forward<Args>(args)...);
}
template <typename... Args>
void LogInfo(spdlog::format_string_t<Args...> fmt, Args&&... args) {
  Logger().info(fmt, std::forward<Args>(args)...);
}
template <typename... Args>
void LogWarn(spdlog::format_string_t<Args...> fmt, Args&&... args) {
  Logger().warn(fmt, std::forward<Args>(args)...);
}
template <typename... Args>
void LogError(spdlog::format_string_t<Args...> fmt, Args&&... args) {
  Logger().error(fmt, std::forward<Args>(args)...);
}

}  // namespace sagitta::base
