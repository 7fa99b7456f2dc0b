// sagittad: reads its settings, runs the server, and ends it when told to.
#include <grpc/grpc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <iostream>
#include <thread>

#include "base/fault.h"
#include "base/heap.h"
#include "base/log.h"
#include "server/command_line.h"
#include "server/health_probe.h"
#include "server/server.h"
#include "server/signals.h"
#include "server/tls_files.h"

extern char** environ;

namespace sagitta::server {
namespace {

constexpr std::chrono::milliseconds kHealthTimeout{3000};

Settings Environment() {
  Settings variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals == nullptr) continue;
    variables.emplace_back(std::string(*entry, equals - *entry), equals + 1);
  }
  return variables;
}

// A variable that looks like a setting and is none is probably misspelt. It is no error, as other
// parts of Sagitta have variables of their own.
void WarnOfUnknownVariables(const Settings& environment) {
  constexpr std::string_view kOthers[] = {"SAGITTA_CONFIG", "SAGITTA_FAULTS", "SAGITTA_SIMD"};
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("SAGITTA_") || std::ranges::find(kOthers, name) != std::end(kOthers)) {
      continue;
    }
    const bool known = std::ranges::any_of(
        ConfigKeys(), [&](const ConfigKey& key) { return key.EnvName() == name; });
    if (!known) base::LogWarn("the variable {} is no setting", name);
  }
}

int Fail(const Status& status, int exit_code) {
  std::cerr << "sagittad: " << status.ToString() << "\n";
  return exit_code;
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kPermissionDenied:
      return kExitNoPermission;
    case StatusCode::kNotFound:
      return kExitCannotCreate;
    case StatusCode::kDataLoss:
      return kExitIo;
    default:
      return kExitFailure;
  }
}

// SIGHUP reads the keys again; SIGTERM and SIGINT, or `failed` with a SIGTERM to wake this thread,
// return.
void WaitForEnd(Server& server, const std::atomic<bool>& failed) {
  for (;;) {
    const int signal = NextSignal();
    if (failed) return;
    if (signal != SIGHUP) {
      base::LogInfo("{}: draining", signal == SIGTERM ? "SIGTERM" : "SIGINT");
      return;
    }
    const Status status = server.ReloadKeys();
    if (status.ok()) base::LogInfo("SIGHUP: API keys read again");
    if (!status.ok()) base::LogError("SIGHUP: old API keys stay: {}", status.ToString());
  }
}

// A second signal while draining ends the process at once; what is acknowledged is on disk anyway.
void ExitOnNextSignal() {
  std::thread([] {
    while (NextSignal() == SIGHUP) {
    }
    _exit(kExitFailure);
  }).detach();
}

int Run(const ServerConfig& config) {
  Status status = base::InitLogging(config.log_format, config.log_level);
  if (!status.ok()) return Fail(status, kExitConfig);
  status = base::ArmFaultsFromEnvironment();
  if (!status.ok()) return Fail(status, kExitConfig);
  WarnOfUnknownVariables(Environment());
  status = CatchSignals();
  if (!status.ok()) return Fail(status, kExitFailure);
  signal(SIGPIPE, SIG_IGN);

  auto server = Server::Start(config);
  if (!server.ok()) return Fail(server.status(), ExitCodeOf(server.status()));
  Status opened;
  std::atomic<bool> failed{false};
  std::thread opener([&] {
    opened = (*server)->OpenDatabase();
    if (opened.ok()) return;
    failed = true;
    kill(getpid(), SIGTERM);
  });
  WaitForEnd(**server, failed);
  ExitOnNextSignal();
  opener.join();
  (*server)->Stop(config.grace);
  if (!opened.ok()) return Fail(opened, ExitCodeOf(opened));
  base::LogInfo("closed");
  return kExitOk;
}

int GenerateKey(const CommandLine& line) {
  auto key = ApiKeys::Generate(line.key_id, line.key_scopes);
  if (!key.ok()) return Fail(key.status(), kExitUsage);
  std::cout << "# the key, for the client; it is not kept anywhere else\n"
            << key->key << "\n# the line, for the keys file\n"
            << key->line << "\n";
  return kExitOk;
}

// The files that settings name.
Status CheckFiles(const ServerConfig& config) {
  SAGITTA_RETURN_IF_ERROR(LoadKeys(config).status());
  return config.tls_cert_file.empty() ? Status::Ok() : LoadTlsFiles(config).status();
}

int Main(int argc, char** argv) {
  const CommandLine line = ParseCommandLine(argc, argv);
  if (line.action == CommandLine::Action::kExit) return line.exit_code;
  if (line.action == CommandLine::Action::kGenerateKey) return GenerateKey(line);
  auto config = LoadConfig(line.config_file, Environment(), line.flags);
  if (!config.ok()) return Fail(config.status(), kExitConfig);
  if (line.action == CommandLine::Action::kPrintConfig) {
    std::cout << PrintConfig(*config);
    return kExitOk;
  }
  const Status valid = config->Validate();
  if (!valid.ok()) return Fail(valid, kExitConfig);
  if (line.action == CommandLine::Action::kHealthcheck) {
    const Status status = ProbeHealth(*config, kHealthTimeout);
    return status.ok() ? kExitOk : Fail(status, kExitFailure);
  }
  const Status files = CheckFiles(*config);
  if (!files.ok()) {
    const bool denied = files.code() == StatusCode::kPermissionDenied;
    return Fail(files, denied ? kExitNoPermission : kExitConfig);
  }
  if (line.action == CommandLine::Action::kCheckConfig) {
    std::cout << "the configuration is good\n";
    return kExitOk;
  }
  // Files of the database are for this user only.
  umask(077);
  return Run(*config);
}

}  // namespace
}  // namespace sagitta::server

int main(int argc, char** argv) {
  sagitta::base::ConfigureServerHeap();
  return sagitta::server::Main(argc, argv);
}
