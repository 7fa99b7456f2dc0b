#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include "sagitta/value.h"

namespace sagitta::base {

namespace {

struct LevelName {
  std::string_view name;
  spdlog::level::level_enum level;
};

constexpr std::array<LevelName, 6> kLevels = {{{"trace", spdlog::level::trace},
                                               {"debug", spdlog::level::debug},
                                               {"info", spdlog::level::info},
                                               {"warn", spdlog::level::warn},
                                               {"error", spdlog::level::err},
                                               {"off", spdlog::level::off}}};

std::string_view NameOf(spdlog::level::level_enum level) {
  for (const LevelName& known : kLevels) {
    if (known.level == level) return known.name;
  }
  return level == spdlog::level::critical ? "error" : "off";
}

// "2026-11-24T08:00:00.123Z"
std::string Rfc3339(spdlog::log_clock::time_point time) {
  const auto since_epoch = time.time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof(text) - length, ".%03dZ", static_cast<int>(ms % 1000));
  return text;
}

// One record, one line: what a client sent may hold line breaks or terminal escapes.
class TextFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    std::string line = Rfc3339(msg.time);
    line.append(" ").append(NameOf(msg.level)).append(" ");
    for (const char c : std::string_view(msg.payload.data(), msg.payload.size())) {
      if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
        line.push_back(c);
      } else {
        char escaped[8];
        std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned char>(c));
        line.append(escaped);
      }
    }
    line.push_back('\n');
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<TextFormatter>();
  }
};

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const std::string_view message(msg.payload.data(), msg.payload.size());
    std::string line = "{\"time\":\"" + Rfc3339(msg.time) + "\",\"level\":\"";
    line.append(NameOf(msg.level)).append("\",\"thread\":").append(std::to_string(msg.thread_id));
    line.append(",\"message\":").append(Value(message).ToJson()).append("}\n");
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

std::shared_ptr<spdlog::logger> MakeLogger() {
  auto logger = std::make_shared<spdlog::logger>("sagitta",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<TextFormatter>());
  logger->set_level(spdlog::level::warn);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

spdlog::logger& Logger() {
  static const auto* const logger =  // never destroyed: threads may log while the process exits
      new std::shared_ptr<spdlog::logger>(MakeLogger());
  return **logger;
}

Status SetLogLevel(std::string_view level) {
  for (const LevelName& known : kLevels) {
    if (known.name == level) {
      Logger().set_level(known.level);
      return Status::Ok();
    }
  }
  return Status::InvalidArgument(
      "log.level", "'" + std::string(level) + "' is not trace, debug, info, warn, error or off");
}

std::string_view LogLevel() { return NameOf(Logger().level()); }

Status InitLogging(std::string_view format, std::string_view level) {
  if (format != "text" && format != "json") {
    return Status::InvalidArgument("log.format",
                                   "'" + std::string(format) + "' is not text or json");
  }
  SAGITTA_RETURN_IF_ERROR(SetLogLevel(level));
  if (format == "json") {
    Logger().set_formatter(std::make_unique<JsonFormatter>());
  } else {
    Logger().set_formatter(std::make_unique<TextFormatter>());
  }
  return Status::Ok();
}

}  // namespace sagitta::base
