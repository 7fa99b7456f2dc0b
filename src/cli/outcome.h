// Outcome: how a command ended: its exit code, and what to tell the person.
//
// Readers and parsers return Status; a command returns Outcome, into which a Status converts as an
// error of the input (files, JSON). Errors of the server come through Outcome::FromRpc.
// Thread-compatible value type.
#pragma once

#include <grpcpp/support/status.h>

#include <ostream>
#include <string>
#include <vector>

#include "sagitta/status.h"

namespace sagitta::cli {

// The numbers are those of sysexits.h where it has one. DO NOT CHANGE: scripts test them.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,       // the server, or the system, could not do it
  kExitUsage = 2,         // wrong command line
  kExitBadData = 65,      // an input file or line is wrong
  kExitNoInput = 66,      // an input file is not there or not readable
  kExitUnavailable = 69,  // no server answers at the address
  kExitPermission = 77,   // API key missing, unknown or too weak
};

class [[nodiscard]] Outcome {
 public:
  struct Violation {
    std::string field;
    std::string description;
  };

  Outcome() = default;
  Outcome(const Status& status);  // NOLINT: implicit by design: an error of the input

  static Outcome Ok() { return {}; }
  static Outcome Usage(std::string message);
  static Outcome Usage(const Status& status);
  static Outcome Failure(std::string message);
  // Unpacks google.rpc BadRequest, ErrorInfo and RetryInfo from the details.
  static Outcome FromRpc(const grpc::Status& status);

  // The same error with another exit code and `prefix` before its message.
  Outcome With(ExitCode exit_code, const std::string& prefix) const;

  bool ok() const { return exit_code_ == kExitOk; }
  ExitCode exit_code() const { return exit_code_; }
  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  int64_t retry_after_ms() const { return retry_after_ms_; }
  const std::vector<Violation>& violations() const { return violations_; }

  // "sagitta: INVALID_ARGUMENT: …" and a line for each violation.
  void Print(std::ostream& err) const;

 private:
  ExitCode exit_code_ = kExitOk;
  std::string code_;
  std::string message_;
  std::string reason_;
  int64_t retry_after_ms_ = 0;
  std::vector<Violation> violations_;
};

}  // namespace sagitta::cli

#define SAGITTA_CLI_RETURN_IF_FAILED(expr)               \
  do {                                                   \
    ::sagitta::cli::Outcome sagitta_outcome_ = (expr);   \
    if (!sagitta_outcome_.ok()) return sagitta_outcome_; \
  } while (0)
