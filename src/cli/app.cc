#include <iostream>

#include "cli/session.h"

namespace sagitta::cli {
namespace {

constexpr const char* kFooter =
    "Ids: 17 is a number, uuid:… a UUID, str:… a string; other text is a string id.\n"
    "Filters: {\"eq\": {\"path\": \"genre\", \"value\": \"crime\"}}; in, not_in, range, datetime, "
    "exists,\n  is_null, is_empty, ids, geo_radius, geo_box, geo_polygon, match, nested; combined "
    "by "
    "and, or,\n  not.\n"
    "Exit codes: 0 ok, 1 failure, 2 usage, 65 bad data, 66 no input, 69 no server, 77 not "
    "allowed.\n"
    "Data goes to standard output; progress and errors to standard error.";

void AddTlsOptions(CLI::App& app, ConnectionOptions& connection) {
  app.add_flag("--tls", connection.tls, "Speak TLS and trust the system's certificates");
  app.add_option("--tls-ca", connection.tls_ca_file,
                 "Speak TLS and trust the certificates of this PEM file")
      ->envname("SAGITTA_TLS_CA");
  auto* cert = app.add_option("--tls-cert", connection.tls_cert_file,
                              "PEM certificate to show to a server that asks for one");
  auto* key = app.add_option("--tls-key", connection.tls_key_file, "Its PEM private key");
  cert->envname("SAGITTA_TLS_CERT")->needs(key);
  key->envname("SAGITTA_TLS_KEY")->needs(cert);
}

void AddGlobalOptions(CLI::App& app, GlobalOptions& globals) {
  app.add_option("--address,-a", globals.connection.address, "Server, host:port")
      ->envname("SAGITTA_ADDRESS")
      ->capture_default_str();
  app.add_option("--api-key", globals.connection.api_key, "API key")->envname("SAGITTA_API_KEY");
  // No excludes(): the key may be in the environment, and this given for one call.
  app.add_option("--api-key-file", globals.connection.api_key_file,
                 "File whose first line is the API key; beats --api-key")
      ->envname("SAGITTA_API_KEY_FILE");
  AddTlsOptions(app, globals.connection);
  app.add_option("--timeout", globals.connection.timeout_seconds, "Seconds a call may take")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--output,-o", [&globals](const std::string& v) { globals.json = v == "json"; },
         "How results are printed: table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->default_str("table");
  auto* on = app.add_flag("--progress", globals.progress,
                          "Print progress also where standard error is no terminal");
  app.add_flag("--no-progress,--quiet,-q", globals.no_progress, "Print no progress")->excludes(on);
}

// In the order that CLI11's parser wants. It takes an argument "[a, b]" of a list apart at its
// commas; JSON may end with a space, and then it does not.
std::vector<std::string> ArgumentsInReverse(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    if (argument.starts_with('[') && argument.ends_with(']')) argument += ' ';
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace

void BuildApp(CLI::App& app, Commands& commands, GlobalOptions& globals) {
  app.name("sagitta");
  app.description("Sagitta's tool: manages, fills, queries and measures a sagittad server.");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobalOptions(app, globals);
  AddCollectionCommands(app, commands);
  AddPointCommands(app, commands);
  AddPayloadIndexCommands(app, commands);
  AddImportCommand(app, commands);
  AddExportCommand(app, commands);
  AddQueryCommand(app, commands);
  AddCompactCommands(app, commands);
  AddSnapshotCommands(app, commands);
  AddModelCommands(app, commands);
  AddStatsCommand(app, commands);
  AddTuneCommand(app, commands);
  AddServerCommands(app, commands);
  AddBenchCommands(app, commands);
  AddCompletionCommand(app, commands);
}

int RunTool(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app;
  Commands commands;
  GlobalOptions globals;
  BuildApp(app, commands, globals);
  try {
    app.parse(ArgumentsInReverse(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? kExitOk : kExitUsage;
  }
  Session session(std::move(globals), out, err);
  const Outcome outcome = commands.chosen()(session);
  out.flush();
  if (!outcome.ok()) {
    outcome.Print(err);
    return outcome.exit_code();
  }
  if (!out.good()) {
    err << "sagitta: standard output cannot be written\n";
    return kExitFailure;
  }
  return kExitOk;
}

}  // namespace sagitta::cli
