// Session: what every command gets: the global options, the connection, where to write.
// Not thread-safe, apart from the connection.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>

#include "cli/connection.h"
#include "cli/outcome.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace sagitta::cli {

struct GlobalOptions {
  ConnectionOptions connection;
  bool json = false;
  bool progress = false;  // also where stderr is no terminal
  bool no_progress = false;
};

class Session {
 public:
  Session(GlobalOptions options, std::ostream& out, std::ostream& err)
      : options_(std::move(options)), out_(out), err_(err) {}

  // Opened by the first call; it does not wait for the server.
  Outcome Connect(Connection** connection);

  bool json() const { return options_.json; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  Progress NewProgress(std::string label, std::string unit, std::optional<uint64_t> total);
  const std::string& address() const { return options_.connection.address; }

  // One document on standard output.
  void PrintJson(const nlohmann::json& value);
  // OK with `yes`, or when a person at a terminal types y. Usage error where there is no terminal.
  Outcome Confirm(const std::string& what, bool yes);
  // What Confirm would say at once: for those who ask it only after long work.
  Outcome CheckConfirm(const std::string& what, bool yes) const;

 private:
  GlobalOptions options_;
  std::ostream& out_;
  std::ostream& err_;
  std::unique_ptr<Connection> connection_;
};

// The command that the command line chose. Parsing only chooses; main() runs it.
class Commands {
 public:
  using Run = std::function<Outcome(Session&)>;

  void Bind(CLI::App* app, Run run) {
    app->callback([this, run = std::move(run)] { chosen_ = run; });
  }
  const Run& chosen() const { return chosen_; }

 private:
  Run chosen_;
};

// Each adds one group of commands to the tool.
void AddCollectionCommands(CLI::App& app, Commands& commands);
void AddPointCommands(CLI::App& app, Commands& commands);
void AddPayloadIndexCommands(CLI::App& app, Commands& commands);
void AddImportCommand(CLI::App& app, Commands& commands);
void AddExportCommand(CLI::App& app, Commands& commands);
void AddQueryCommand(CLI::App& app, Commands& commands);
void AddCompactCommands(CLI::App& app, Commands& commands);
void AddSnapshotCommands(CLI::App& app, Commands& commands);
void AddModelCommands(CLI::App& app, Commands& commands);
void AddStatsCommand(CLI::App& app, Commands& commands);
void AddTuneCommand(CLI::App& app, Commands& commands);
void AddServerCommands(CLI::App& app, Commands& commands);
void AddBenchCommands(CLI::App& app, Commands& commands);
void AddCompletionCommand(CLI::App& app, Commands& commands);

// All of the above and the global options, bound to `globals`.
void BuildApp(CLI::App& app, Commands& commands, GlobalOptions& globals);

// Parses and runs; what main() returns.
int RunTool(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace sagitta::cli
