#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>

#include "sagitta/database.h"

namespace sagitta::server {
namespace {

std::string VersionText() {
  const VersionInfo info = Database::Version();
  return "sagittad " + info.version + (info.commit.empty() ? "" : " (" + info.commit + ")") +
         ", kernels " + info.simd + ", data format " + std::to_string(info.format_version);
}

struct Modes {
  bool check = false;
  bool print = false;
  bool health = false;
  bool version = false;
};

bool IsSwitch(const ConfigKey& key) {
  const std::string text = key.get(ServerConfig());
  return text == "true" || text == "false";
}

CommandLine::Action ActionOf(const Modes& modes, const CommandLine& line) {
  if (!line.key_id.empty()) return CommandLine::Action::kGenerateKey;
  if (modes.health) return CommandLine::Action::kHealthcheck;
  if (modes.print) return CommandLine::Action::kPrintConfig;
  if (modes.check) return CommandLine::Action::kCheckConfig;
  return CommandLine::Action::kRun;
}

}  // namespace

CommandLine ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  Modes modes;
  CLI::App app{
      "sagittad: vector search database server.\n"
      "Settings come from --config (or SAGITTA_CONFIG), then SAGITTA_<FLAG> in the environment, "
      "then "
      "flags.",
      "sagittad"};
  app.add_option("--config", line.config_file, "TOML file of settings")->envname("SAGITTA_CONFIG");
  app.add_flag("--check-config", modes.check, "Check the settings and exit: 0 good, 78 bad");
  app.add_flag("--print-config", modes.print,
               "Print the settings in force as TOML, secrets masked");
  app.add_flag("--healthcheck", modes.health,
               "Ask the server at --listen for its health: 0 serving, 1 not");
  app.add_option("--generate-key", line.key_id,
                 "Make an API key of this id; prints key and file line");
  line.key_scopes = "read";
  app.add_option("--scopes", line.key_scopes, "Its scopes, by comma: read, write, admin [read]");
  app.add_flag("--version", modes.version, "Print the version and exit");
  // One string per setting, as flags: which are given is what counts.
  std::deque<std::string> values;
  std::deque<CLI::Option*> options;
  for (const ConfigKey& key : ConfigKeys()) {
    CLI::Option* option =
        app.add_option("--" + std::string(key.flag), values.emplace_back(), std::string(key.help))
            ->group("Settings");
    // A switch without a value is switched on.
    if (IsSwitch(key)) option->expected(0, 1);
    options.push_back(option);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    line.action = CommandLine::Action::kExit;
    line.exit_code = app.exit(error) == 0 ? kExitOk : kExitUsage;
    return line;
  }
  if (modes.version) {
    std::puts(VersionText().c_str());
    line.action = CommandLine::Action::kExit;
    return line;
  }
  for (size_t i = 0; i < options.size(); ++i) {
    if (options[i]->count() == 0) continue;
    const ConfigKey& key = ConfigKeys()[i];
    line.flags.emplace_back(key.flag, IsSwitch(key) && values[i].empty() ? "true" : values[i]);
  }
  line.action = ActionOf(modes, line);
  return line;
}

}  // namespace sagitta::server
