// Kills at named points while collections and snapshots are made, dropped and restored. The next
// open finds the state before or after, whole, and nothing left over.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <map>

#include "base/fault.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

constexpr char kChildArgument[] = "--run-until-killed";

// What a child does once its fault is armed.
const std::map<std::string, std::function<Status(Database&)>> kActions = {
    {"create",
     [](Database& database) { return database.CreateCollection(SchemaOf("new")).status(); }},
    {"drop", [](Database& database) { return database.DropCollection("films"); }},
    {"snapshot",
     [](Database& database) {
       return (*database.GetCollection("films"))->CreateSnapshot().status();
     }},
    {"restore",
     [](Database& database) {
       return database.RestoreSnapshot(database.ListSnapshots()->at(0).id, "new");
     }},
    {"delete-snapshot",
     [](Database& database) {
       return database.DeleteSnapshot(database.ListSnapshots()->at(0).id);
     }},
    {"index",
     [](Database& database) {
       return (*database.GetCollection("films"))
           ->CreatePayloadIndex({"n", PayloadIndexKind::kInt64});
     }},
};

// A program of its own (see main): a fork of one with open databases would lack RocksDB's threads.
int RunChild(const std::string& path, const std::string& action, const std::string& fault,
             int skip) {
  DatabaseOptions options = SmallOptions(path);
  options.compaction_paused = true;  // so that passes of a point are the action's own
  auto database = Database::Open(options);
  if (!database.ok()) return 3;
  base::ArmFault(fault, base::FaultAction::kKill, skip);
  return kActions.at(action)(**database).ok() ? 0 : 4;
}

class CrashTest : public ::testing::Test {
 protected:
  // One collection of 50 points and one snapshot of it; closed.
  void Prepare() {
    std::filesystem::remove_all(path_);
    auto database = MustOpen(path_);
    auto films = database->CreateCollection(SchemaOf("films"));
    ASSERT_OK(films.status());
    ASSERT_OK(Insert(**films, 1, 50));
    ASSERT_OK((*films)->CreateSnapshot().status());
  }

  // True when the child was killed, false when it came to its end.
  bool RunAndKill(const std::string& action, const std::string& fault, int skip) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", "crash_test", kChildArgument, path_.c_str(), action.c_str(),
            fault.c_str(), std::to_string(skip).c_str(), nullptr);
      _exit(9);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << action << " " << fault << " " << skip << ": status " << status;
    return false;
  }

  // Every collection serves what it held, and files are there for what is there only.
  void ExpectWhole() {
    auto database = MustOpen(path_);
    ASSERT_NE(database, nullptr);
    const auto schemas = database->ListCollections();
    EXPECT_EQ(NamesIn(path_ + "/collections").size(), schemas.size());
    for (const CollectionSchema& schema : schemas) {
      const auto collection = *database->GetCollection(schema.name);
      const uint64_t count = CountOf(*collection);
      EXPECT_TRUE(count == 50 || (count == 0 && schema.name == "new")) << schema.name << count;
      EXPECT_OK(Insert(*collection, 100, 1));
      EXPECT_EQ(CountOf(*collection, Filter::Equals("n", int64_t{100})), 1u);
    }
    const auto snapshots = database->ListSnapshots();
    ASSERT_OK(snapshots.status());
    EXPECT_EQ(NamesIn(path_ + "/snapshots").size(), snapshots->size());
    for (const SnapshotInfo& info : *snapshots) {
      EXPECT_OK(database->RestoreSnapshot(info.id, "restored"));
      EXPECT_EQ(CountOf(**database->GetCollection("restored")), 50u);
      EXPECT_OK(database->DropCollection("restored"));
    }
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "data";
};

TEST_F(CrashTest, LeavesTheStateBeforeOrAfterWhole) {
  struct Case {
    const char* action;
    const char* fault;
    int most;  // passes to kill at, one after another
  };
  constexpr Case kCases[] = {{"create", "catalog.before_add", 1},
                             {"create", "file.make_dir", 6},
                             {"create", "store.commit", 3},
                             {"drop", "store.commit", 1},
                             {"drop", "file.remove", 1},
                             {"snapshot", "store.checkpoint", 2},
                             {"snapshot", "file.rename", 2},
                             {"restore", "file.link", 3},
                             {"restore", "catalog.before_add", 1},
                             {"delete-snapshot", "file.rename", 1},
                             {"delete-snapshot", "file.remove", 1},
                             {"index", "store.commit", 1}};
  for (const Case& c : kCases) {
    for (int skip = 0; skip < c.most; ++skip) {
      SCOPED_TRACE(std::string(c.action) + " " + c.fault + " " + std::to_string(skip));
      Prepare();
      if (HasFatalFailure()) return;
      const bool killed = RunAndKill(c.action, c.fault, skip);
      EXPECT_TRUE(killed || skip > 0) << "the point is never passed";
      ExpectWhole();
      if (HasFailure() || !killed) break;
    }
  }
}

}  // namespace
}  // namespace sagitta::database

int main(int argc, char** argv) {
  if (argc == 6 && std::string(argv[1]) == sagitta::database::kChildArgument) {
    return sagitta::database::RunChild(argv[2], argv[3], argv[4], std::stoi(argv[5]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
