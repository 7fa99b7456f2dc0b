#include "store/rocks_log.h"

#include <cstdio>
#include <utility>

#include "base/log.h"

namespace sagitta::store {

RocksLog::RocksLog(std::string what)
    : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), what_(std::move(what)) {}

void RocksLog::Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level > rocksdb::InfoLogLevel::FATAL_LEVEL) {
    return;
  }
  char text[1024];  // a longer message is cut
  std::vsnprintf(text, sizeof(text), format, arguments);
  // One level below RocksDB's: what concerns a user is reported by the store itself.
  if (level == rocksdb::InfoLogLevel::WARN_LEVEL) {
    base::LogInfo("{}: RocksDB: {}", what_, text);
  } else {
    base::LogWarn("{}: RocksDB: {}", what_, text);
  }
}

void RocksLog::LogHeader(const char*, va_list) {}

}  // namespace sagitta::store
