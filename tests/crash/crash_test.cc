// Kills a loaded database at random moments, and once in three at a named fault point, and lets the
// next worker check that nothing acknowledged is lost and nothing deleted is back. Every random
// choice comes from one seed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/oracle.h"

namespace sagitta::crash {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Cycle {
  uint64_t number = 0;
  uint64_t seed = 0;
  double load_seconds = 60;
  std::string faults;       // SAGITTA_FAULTS of the worker
  std::string points_file;  // where it writes the fault points that it passed
};

class CrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char directory[] = "/tmp/sagitta-crash-XXXXXX";
    ASSERT_NE(mkdtemp(directory), nullptr);
    root_ = directory;
    oracle_ = Oracle::Open(root_ + "/oracle");
    ASSERT_NE(oracle_, nullptr);
  }
  void TearDown() override {
    if (HasFailure()) {
      std::cout << "data, oracle and log are left in " << root_ << std::endl;
    } else {
      std::filesystem::remove_all(root_);
    }
  }

  // Starts a worker on the same data; its stderr goes to the log.
  pid_t Start(const Cycle& cycle) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    const int log = open((root_ + "/log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(log, STDERR_FILENO);
    if (!cycle.faults.empty()) setenv("SAGITTA_FAULTS", cycle.faults.c_str(), 1);
    const std::string data = root_ + "/data", oracle = root_ + "/oracle";
    const std::string number = std::to_string(cycle.number), seed = std::to_string(cycle.seed);
    const std::string seconds = std::to_string(cycle.load_seconds);
    execl(CRASH_WORKER, CRASH_WORKER, data.c_str(), oracle.c_str(), number.c_str(), seed.c_str(),
          seconds.c_str(), cycle.points_file.empty() ? nullptr : cycle.points_file.c_str(),
          nullptr);
    _exit(2);
  }

  int WaitStatus(pid_t pid) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return status;
  }

  // Kills the worker `wait` after its start, or lets it die at its fault point before. False when
  // it ended in any other way.
  bool RunAndKill(const Cycle& cycle, std::chrono::milliseconds wait) {
    const pid_t pid = Start(cycle);
    const auto end = std::chrono::steady_clock::now() + wait;
    int status = 0;
    pid_t ended = 0;
    while (ended == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ended = waitpid(pid, &status, WNOHANG);
    }
    if (ended == 0) {
      kill(pid, SIGKILL);
      status = WaitStatus(pid);
    } else if (!cycle.faults.empty()) {
      ++killed_at_fault_points_;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    ADD_FAILURE() << "cycle " << cycle.number << ", seed " << cycle.seed << ", faults '"
                  << cycle.faults << "': worker ended with status " << status << "\n"
                  << ReadText(root_ + "/log");
    return false;
  }

  // Lets the worker end by itself.
  void RunToEnd(const Cycle& cycle) {
    const int status = WaitStatus(Start(cycle));
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status << "\n"
                                                               << ReadText(root_ + "/log");
  }

  std::string root_;
  std::unique_ptr<Oracle> oracle_;
  uint64_t killed_at_fault_points_ = 0;
};

TEST_F(CrashTest, NothingAcknowledgedIsLostAndNothingDeletedIsBack) {
  const uint64_t seed = FromEnvironment("SAGITTA_CRASH_SEED", 4711);
  const uint64_t cycles = FromEnvironment("SAGITTA_CRASH_CYCLES", 50);
  std::cout << "SAGITTA_CRASH_SEED=" << seed << " SAGITTA_CRASH_CYCLES=" << cycles << std::endl;
  std::mt19937_64 random(seed);

  // A first run without a kill learns the names of the fault points.
  Cycle first;
  first.seed = random();
  first.load_seconds = 2;
  first.points_file = root_ + "/points";
  RunToEnd(first);
  if (HasFatalFailure()) return;
  std::vector<std::string> points;
  std::istringstream names(ReadText(first.points_file));
  for (std::string name; names >> name;) points.push_back(name);
  ASSERT_FALSE(points.empty());

  std::vector<uint64_t> ready_micros;
  uint64_t killed_before_ready = 0;
  for (uint64_t number = 1; number <= cycles; ++number) {
    Cycle cycle;
    cycle.number = number;
    cycle.seed = random();
    if (random() % 3 == 0) {
      cycle.faults = points[random() % points.size()] + "=kill:" + std::to_string(random() % 40);
    }
    if (!RunAndKill(cycle, std::chrono::milliseconds(200 + random() % 2'800))) return;
    if (oracle_->header().ready_cycle == number + 1) {
      ready_micros.push_back(oracle_->header().ready_micros);
    } else {
      ++killed_before_ready;
    }
  }
  Cycle last;
  last.number = cycles + 1;
  last.seed = random();
  last.load_seconds = 0;
  RunToEnd(last);
  ASSERT_FALSE(ready_micros.empty());
  std::sort(ready_micros.begin(), ready_micros.end());
  const OracleHeader& header = oracle_->header();
  std::cout << cycles << " kills (" << killed_at_fault_points_ << " at " << points.size()
            << " known fault points, " << killed_before_ready << " while opening), "
            << header.acked_writes << " points acknowledged, " << header.searches
            << " searches; in flight " << header.in_flight_kept << " done, "
            << header.in_flight_lost << " not; open p50 "
            << ready_micros[ready_micros.size() / 2] / 1'000 << " ms, longest "
            << ready_micros.back() / 1'000 << " ms" << std::endl;
  EXPECT_GT(header.acked_writes, cycles * 100);
}

}  // namespace
}  // namespace sagitta::crash
