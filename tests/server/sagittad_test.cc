// The program itself: exit codes, files, signals. Its path is the first argument.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

extern char** environ;

namespace sagitta::server {
namespace {

std::string g_program;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SagittadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/sagittad_" + std::to_string(getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override {
    if (server_ > 0) {
      kill(server_, SIGKILL);
      waitpid(server_, nullptr, 0);
    }
    std::filesystem::remove_all(directory_);
  }

  pid_t Spawn(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), g_program);
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string out = directory_ + "/out", err = directory_ + "/err";
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    pid_t pid = 0;
    EXPECT_EQ(posix_spawn(&pid, g_program.c_str(), &actions, nullptr, raw.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  int Run(std::vector<std::string> arguments) { return Wait(Spawn(std::move(arguments))); }

  std::vector<std::string> ServerArguments() const {
    return {"--data-dir",    directory_ + "/data", "--listen",    "127.0.0.1:0",
            "--http-listen", "127.0.0.1:0",        "--port-file", directory_ + "/ports"};
  }

  void StartServer() {
    server_ = Spawn(ServerArguments());
    for (int i = 0; i < 300 && !std::filesystem::exists(directory_ + "/ports"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ASSERT_TRUE(std::filesystem::exists(directory_ + "/ports")) << Errors();
  }

  int StopServer(int signal) {
    kill(server_, signal);
    const int code = Wait(server_);
    server_ = 0;
    return code;
  }

  std::string Output() const { return ReadAll(directory_ + "/out"); }
  std::string Errors() const { return ReadAll(directory_ + "/err"); }

  std::string directory_;
  pid_t server_ = 0;
};

TEST_F(SagittadTest, ExitCodesSayWhatWasWrong) {
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_NE(Output().find("sagittad "), std::string::npos);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_EQ(Run({"--no-such-flag"}), 2);
  EXPECT_EQ(Run({"--check-config"}), 0);
  EXPECT_EQ(Run({"--check-config", "--grace", "soon"}), 78);
  EXPECT_NE(Errors().find("--grace"), std::string::npos);
  EXPECT_EQ(Run({"--listen", "0.0.0.0:0"}), 78);
  EXPECT_NE(Errors().find("authentication"), std::string::npos);
  EXPECT_EQ(Run({"--config", directory_ + "/absent.toml"}), 78);
  std::ofstream(directory_ + "/bad.toml") << "[server]\nlissten = '127.0.0.1:1'\n";
  EXPECT_EQ(Run({"--check-config", "--config", directory_ + "/bad.toml"}), 78);
  EXPECT_NE(Errors().find("server.listen"), std::string::npos) << Errors();
  EXPECT_EQ(Run({"--check-config", "--auth-keys-file", directory_ + "/absent"}), 78);
  EXPECT_EQ(Run({"--generate-key", "ops", "--scopes", "root"}), 2);
}

TEST_F(SagittadTest, PrintedConfigIsAConfig) {
  ASSERT_EQ(Run({"--print-config", "--max-receive", "5MiB", "--compaction-paused"}), 0);
  std::filesystem::copy(directory_ + "/out", directory_ + "/printed.toml");
  ASSERT_EQ(Run({"--print-config", "--config", directory_ + "/printed.toml"}), 0) << Errors();
  EXPECT_EQ(Output(), ReadAll(directory_ + "/printed.toml"));
  EXPECT_NE(Output().find("max_receive = \"5MiB\""), std::string::npos);
  EXPECT_NE(Output().find("compaction_paused = true"), std::string::npos);
}

TEST_F(SagittadTest, ServesAnswersProbesAndEndsWithZero) {
  StartServer();
  const std::vector<std::string> probe = {"--healthcheck", "--listen", "127.0.0.1:0", "--port-file",
                                          directory_ + "/ports"};
  EXPECT_EQ(Run(probe), 0);
  EXPECT_EQ(Run(ServerArguments()), 1) << "the data directory is taken";
  EXPECT_NE(Errors().find(std::to_string(server_)), std::string::npos) << Errors();
  kill(server_, SIGHUP);
  EXPECT_EQ(StopServer(SIGTERM), 0);
  EXPECT_NE(Run(probe), 0);
}

TEST_F(SagittadTest, ADataDirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory_ + "/file") << "x";
  EXPECT_NE(Run({"--data-dir", directory_ + "/file/data", "--listen", "127.0.0.1:0",
                 "--http-listen", ""}),
            0);
  EXPECT_NE(Errors().find("/file"), std::string::npos) << Errors();
}

}  // namespace
}  // namespace sagitta::server

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s PATH_OF_SAGITTAD\n", argv[0]);
    return 2;
  }
  sagitta::server::g_program = argv[1];
  return RUN_ALL_TESTS();
}
