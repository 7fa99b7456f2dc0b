// RocksLog: RocksDB's messages, in our log. Its own log file would do harm: RocksDB writes it with
// the class that writes its data, which (where RocksDB is built with assertions, as on Debian) ends
// the process at the first message after a failed write: a full disk would be fatal. Thread-safe.
#pragma once

#include <rocksdb/env.h>

#include <cstdarg>
#include <string>

namespace sagitta::store {

class RocksLog final : public rocksdb::Logger {
 public:
  // `what` opens every message.
  explicit RocksLog(std::string what);

  using rocksdb::Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;
  // Its options, at every open: nobody asked.
  void LogHeader(const char* format, va_list arguments) override;

 private:
  const std::string what_;
};

}  // namespace sagitta::store
