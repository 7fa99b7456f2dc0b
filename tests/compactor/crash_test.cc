// A child writes while its compactor works, and is killed at a named point of a seal or rebuild;
// all that it was told is written must be there, and nothing else. One directory goes through all
// the points.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>

#include "base/fault.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

constexpr char kChildArgument[] = "--compact-until-killed";
constexpr uint64_t kIds = 3000;

CollectionSchema CrashSchema() {
  CollectionSchema schema = FastSchema();
  schema.fields[0].index.kind = IndexKind::kHnsw;
  schema.compaction.seal_idle_ms = 10;
  return schema;
}

// What write number `seq` does, the same in child and parent: an even one upserts 60 points, an odd
// one deletes half of those.
bool IsDelete(uint64_t seq) { return seq % 2 == 1; }

std::vector<uint64_t> IdsOf(uint64_t seq) {
  std::mt19937_64 random(seq / 2);
  std::set<uint64_t> ids;
  while (ids.size() < 60) ids.insert(random() % kIds);
  std::vector<uint64_t> list(ids.begin(), ids.end());
  if (IsDelete(seq)) list.resize(30);
  return list;
}

Status Write(engine::CollectionCore& core, uint64_t seq) {
  const WriteOptions options{.durability = Durability::kOs, .request_id = {}};
  if (IsDelete(seq)) {
    std::vector<PointId> ids;
    for (const uint64_t id : IdsOf(seq)) ids.emplace_back(id);
    return core.Delete(ids, options).status();
  }
  std::vector<UpsertPoint> points;
  for (const uint64_t id : IdsOf(seq)) points.push_back(PointOf(id, seq));
  return core.Upsert(std::move(points), options).status();
}

void Remember(std::map<uint64_t, uint64_t>& oracle, uint64_t seq) {
  for (const uint64_t id : IdsOf(seq)) {
    if (IsDelete(seq)) {
      oracle.erase(id);
    } else {
      oracle[id] = seq;
    }
  }
}

// A program of its own (see main): RocksDB's threads do not survive a fork.
[[noreturn]] void RunChild(const char* path, uint64_t next, const char* point, int skip, int fd) {
  World world(CrashSchema(), path);
  if (::testing::Test::HasFailure()) _exit(3);
  base::ArmFault(point, base::FaultAction::kKill, skip);
  world.StartCompactor();
  for (uint64_t seq = next;; ++seq) {
    if (!Write(world.core(), seq).ok()) _exit(4);
    if (write(fd, &seq, sizeof(seq)) != sizeof(seq)) _exit(5);
    if (seq % 16 == 15 && !world.WaitIdle().ok()) _exit(6);
    if (seq % 64 == 63 && !world.compactor().Force(&world.core()).ok()) _exit(7);
    if (seq > next + 2000) _exit(8);  // the point is never passed
  }
}

// Runs a child until it dies; returns the last write that it was told is done, next − 1 if none.
uint64_t RunUntilKilled(const std::string& path, uint64_t next, const char* point, int skip) {
  int fds[2];
  EXPECT_EQ(pipe(fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(fds[0]);
    execl("/proc/self/exe", "crash_test", kChildArgument, path.c_str(),
          std::to_string(next).c_str(), point, std::to_string(skip).c_str(),
          std::to_string(fds[1]).c_str(), nullptr);
    _exit(9);
  }
  close(fds[1]);
  uint64_t last = next - 1;
  uint64_t seq = 0;
  while (read(fds[0], &seq, sizeof(seq)) == sizeof(seq)) last = seq;
  close(fds[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status))
      << point << ": the child ended by itself, code " << WEXITSTATUS(status);
  return last;
}

TEST(CompactorCrash, NothingIsLostWhereverItIsKilled) {
  ::sagitta::testing::TempDirectory directory;
  std::map<uint64_t, uint64_t> oracle;
  uint64_t next = 0;
  const char* const points[] = {"seal.before_write",
                                "seal.after_write",
                                "seal.before_install",
                                "seal.after_install",
                                "rebuild.before_write",
                                "rebuild.after_write",
                                "rebuild.before_install",
                                "rebuild.after_install",
                                "section_file.before_rename",
                                "section_file.after_rename",
                                "payload_index.before_store",
                                "manifest.before_commit",
                                "store.manifest",
                                "file.remove"};
  for (const char* point : points) {
    for (const int skip : {0, 3}) {
      const uint64_t last = RunUntilKilled(directory.path(), next, point, skip);
      if (HasFailure()) return;
      for (; next != last + 1; ++next) Remember(oracle, next);
      World world(CrashSchema(), directory.path());
      ASSERT_FALSE(HasFailure()) << point;
      // The write that was on its way is there as a whole or not at all.
      const uint64_t written = world.shard().state().applied_seq();
      ASSERT_LE(written, next + 1);
      ASSERT_GE(written, next);
      for (; next != written; ++next) Remember(oracle, next);
      world.oracle() = oracle;
      world.ExpectOracle();
      EXPECT_EQ(world.Files().size(), world.SealedCount()) << point;
      ASSERT_FALSE(HasFailure()) << point << ", skip " << skip;
    }
  }
  World world(CrashSchema(), directory.path());
  world.oracle() = oracle;
  world.StartCompactor();
  ASSERT_TRUE(world.WaitIdle().ok());
  world.ExpectOracle();
  EXPECT_GT(oracle.size(), 500u);
}

}  // namespace
}  // namespace sagitta::compactor::testing

int main(int argc, char** argv) {
  if (argc == 7 && std::string_view(argv[1]) == sagitta::compactor::testing::kChildArgument) {
    sagitta::compactor::testing::RunChild(argv[2], std::strtoull(argv[3], nullptr, 10), argv[4],
                                          std::atoi(argv[5]), std::atoi(argv[6]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
