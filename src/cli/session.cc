#include "cli/session.h"

#include <unistd.h>

#include <iostream>

#include "cli/json_text.h"

namespace sagitta::cli {

Outcome Session::Connect(Connection** connection) {
  if (connection_ == nullptr) {
    SAGITTA_ASSIGN_OR_RETURN(connection_, Connection::Open(options_.connection));
  }
  *connection = connection_.get();
  return Outcome::Ok();
}

Progress Session::NewProgress(std::string label, std::string unit, std::optional<uint64_t> total) {
  return Progress(err_, ChooseProgressMode(options_.progress, options_.no_progress),
                  std::move(label), std::move(unit), total);
}

void Session::PrintJson(const nlohmann::json& value) { out_ << DumpJson(value, 2) << "\n"; }

Outcome Session::CheckConfirm(const std::string& what, bool yes) const {
  if (yes || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))) return Outcome::Ok();
  return Outcome::Usage(what + " needs --yes where no terminal can ask");
}

Outcome Session::Confirm(const std::string& what, bool yes) {
  SAGITTA_CLI_RETURN_IF_FAILED(CheckConfirm(what, yes));
  if (yes) return Outcome::Ok();
  err_ << what << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return Outcome::Ok();
  return Outcome::Failure("not confirmed, nothing was done");
}

}  // namespace sagitta::cli
