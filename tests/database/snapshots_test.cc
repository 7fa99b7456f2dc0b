// Snapshots through the public interface.
#include "database/snapshots.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/fault.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

namespace fs = std::filesystem;

class SnapshotsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Reopen();
    CollectionSchema schema = SchemaOf("films");
    schema.indexes.push_back({"color", PayloadIndexKind::kKeyword});
    auto films = database_->CreateCollection(schema);
    ASSERT_OK(films.status());
    films_ = *films;
    ASSERT_OK(Insert(*films_, 1, 300));
    ASSERT_OK(films_->Compact());
    ASSERT_OK(films_->WaitIndexed({}, {}));
    ASSERT_OK(Insert(*films_, 301, 20));  // not sealed
  }
  void TearDown() override { base::ClearFaults(); }

  void Reopen() {
    films_.reset();
    database_.reset();
    database_ = MustOpen(directory_ / "data");
    ASSERT_NE(database_, nullptr);
    if (auto films = database_->GetCollection("films"); films.ok()) films_ = *films;
  }
  std::string Take() {
    const auto info = films_->CreateSnapshot();
    EXPECT_OK(info.status());
    return info.ok() ? info->id : "";
  }
  std::string FolderOf(const std::string& id) { return directory_ / ("data/snapshots/" + id); }
  // The restore fails, and nothing has changed.
  void ExpectRefused(const std::string& id, const std::string& file) {
    ExpectError(database_->RestoreSnapshot(id, "again"), StatusCode::kDataLoss, {file});
    EXPECT_EQ(database_->ListCollections().size(), 1u);
    EXPECT_EQ(NamesIn(directory_ / "data/collections").size(), 1u);
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> films_;
};

TEST_F(SnapshotsTest, ARestoredCollectionIsAsItWas) {
  const auto info = films_->CreateSnapshot();
  ASSERT_OK(info.status());
  EXPECT_EQ(info->collection, "films");
  EXPECT_EQ(info->points, 320u);
  EXPECT_GT(info->seq, 0u);
  EXPECT_GT(info->bytes, 1000u);
  EXPECT_GT(info->created_ms, 1'600'000'000'000);
  ASSERT_OK(films_->DeleteByFilter(Filter::Equals("color", "red"), {}).status());
  ASSERT_OK(Insert(*films_, 1000, 10));
  ASSERT_OK(database_->RestoreSnapshot(info->id, "then"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(CountOf(*films_), 170u);
    const auto then = database_->GetCollection("then");
    ASSERT_OK(then.status());
    CollectionSchema schema = films_->Schema();
    schema.name = "then";
    EXPECT_EQ((*then)->Schema(), schema);
    EXPECT_EQ(CountOf(**then), 320u);
    EXPECT_EQ(CountOf(**then, Filter::Equals("color", "red")), 160u);
    ExpectNearestIsItself(**then, 20);
    ExpectNearestIsItself(**then, 310);
    Reopen();
  }
  // Both live on by themselves.
  auto then = *database_->GetCollection("then");
  ASSERT_OK(Insert(*then, 5000, 7));
  ASSERT_OK(then->Compact());
  ASSERT_OK(then->WaitIndexed({}, {}));
  EXPECT_EQ(CountOf(*then), 327u);
  EXPECT_EQ(CountOf(*films_), 170u);
  ASSERT_OK(database_->RestoreSnapshot(info->id, "once-more"));
  EXPECT_EQ(CountOf(**database_->GetCollection("once-more")), 320u);
}

TEST_F(SnapshotsTest, SurviveTheirCollectionAndAReopen) {
  const std::string id = Take();
  ASSERT_OK(database_->DropCollection("films"));
  Reopen();
  ASSERT_OK(database_->RestoreSnapshot(id, "films"));
  EXPECT_EQ(CountOf(**database_->GetCollection("films")), 320u);
}

TEST_F(SnapshotsTest, AreListedAndDeleted) {
  const std::string first = Take(), second = Take();
  for (int i = 0; i < 2; ++i) {
    const auto listed = database_->ListSnapshots();
    ASSERT_OK(listed.status());
    ASSERT_EQ(listed->size(), 2u);
    EXPECT_EQ((*listed)[0].collection, "films");
    EXPECT_THAT((std::vector<std::string>{(*listed)[0].id, (*listed)[1].id}),
                ::testing::UnorderedElementsAre(first, second));
    Reopen();
  }
  ASSERT_OK(database_->DeleteSnapshot(first));
  EXPECT_FALSE(fs::exists(FolderOf(first)));
  ExpectError(database_->DeleteSnapshot(first), StatusCode::kNotFound, {first});
  ExpectError(database_->RestoreSnapshot(first, "again"), StatusCode::kNotFound, {first});
  EXPECT_EQ(database_->ListSnapshots()->size(), 1u);
  EXPECT_EQ(CountOf(*films_), 320u);
}

TEST_F(SnapshotsTest, BadRequestsAreRefused) {
  const std::string id = Take();
  for (const char* bad : {"", "../../etc", "films", "0f0e"}) {
    ExpectInvalid(database_->RestoreSnapshot(bad, "again"), "snapshot_id");
    ExpectInvalid(database_->DeleteSnapshot(bad), "snapshot_id");
  }
  ExpectInvalid(database_->RestoreSnapshot(id, "../again"), "collection");
  ExpectError(database_->RestoreSnapshot(id, "films"), StatusCode::kAlreadyExists, {"'films'"});
  ASSERT_OK(database_->SetAlias("live", "films"));
  ExpectError(database_->RestoreSnapshot(id, "live"), StatusCode::kAlreadyExists, {"'live'"});
  const std::string none = "0f0e0d0c-0b0a-4909-8807-060504030201";
  ExpectError(database_->RestoreSnapshot(none, "again"), StatusCode::kNotFound, {none});
}

TEST_F(SnapshotsTest, DamageToAnyKindOfFileIsRefusedByName) {
  for (const char* kind : {".seg", ".sst", "MANIFEST", "CURRENT", "SNAPSHOT.json"}) {
    const std::string id = Take();
    const auto files = FilesWith(FolderOf(id), kind);
    ASSERT_FALSE(files.empty()) << kind;
    // Not in place: hard links share their bytes with the live data.
    const std::string file = files[0], copy = directory_ / "copy";
    fs::copy_file(file, copy, fs::copy_options::overwrite_existing);
    fs::remove(file);
    ExpectRefused(id, file);
    fs::copy_file(copy, file);
    FlipByte(file, fs::file_size(file) / 2);
    ExpectRefused(id, file);
    fs::copy_file(copy, file, fs::copy_options::overwrite_existing);
    fs::resize_file(file, fs::file_size(file) - 2);
    ExpectRefused(id, file);
    EXPECT_OK(database_->DeleteSnapshot(id)) << "a damaged one can be removed";
  }
}

TEST_F(SnapshotsTest, DamagedOnesHideNoOthers) {
  const std::string good = Take(), bad = Take();
  std::ofstream(FolderOf(bad) + "/SNAPSHOT.json") << "{}";
  const auto listed = database_->ListSnapshots();
  ASSERT_OK(listed.status());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ((*listed)[0].id, good);
}

TEST_F(SnapshotsTest, ACopyFromElsewhereIsRestored) {
  const std::string id = Take();
  fs::copy(FolderOf(id), directory_ / "kept", fs::copy_options::recursive);
  ASSERT_OK(database_->DeleteSnapshot(id));
  fs::copy(directory_ / "kept", FolderOf(id), fs::copy_options::recursive);
  ASSERT_OK(database_->RestoreSnapshot(id, "again"));
  EXPECT_EQ(CountOf(**database_->GetCollection("again")), 320u);
}

TEST_F(SnapshotsTest, FailuresLeaveNothingHalfDone) {
  const std::string id = Take();
  for (const char* point : {"file.rename", "file.write", "file.read", "file.sync_dir",
                            "store.checkpoint", "file.list"}) {
    base::ArmFault(point, base::FaultAction::kNoSpace);
    EXPECT_EQ(films_->CreateSnapshot().status().code(), StatusCode::kResourceExhausted) << point;
    base::ClearFaults();
    EXPECT_THAT(NamesIn(directory_ / "data/snapshots"), ::testing::ElementsAre(id)) << point;
  }
  for (const char* point : {"file.make_dir", "file.read", "file.link", "file.write", "file.sync"}) {
    base::ArmFault(point, base::FaultAction::kNoSpace);
    EXPECT_EQ(database_->RestoreSnapshot(id, "again").code(), StatusCode::kResourceExhausted)
        << point;
    base::ClearFaults();
    EXPECT_EQ(NamesIn(directory_ / "data/collections").size(), 1u) << point;
    ExpectError(database_->GetCollection("again").status(), StatusCode::kNotFound);
  }
  EXPECT_OK(database_->RestoreSnapshot(id, "again"));
}

TEST_F(SnapshotsTest, AreConsistentWhileWritesGoOn) {
  // Every write replaces the same ten points by ones of its round, over both shards.
  std::atomic<bool> stop{false};
  std::atomic<bool> started{false};
  std::thread writer([&] {
    for (int64_t round = 0; !stop; ++round) {
      auto points = PointsOf(1, 10);
      for (UpsertPoint& point : points) point.point.payload["round"] = round;
      EXPECT_OK(films_->Upsert(std::move(points), {}).status());
      started = true;
    }
  });
  while (!started) std::this_thread::yield();
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(Take());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  stop = true;
  writer.join();
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string name = "at-" + std::to_string(i);
    ASSERT_OK(database_->RestoreSnapshot(ids[i], name));
    const auto then = *database_->GetCollection(name);
    EXPECT_EQ(CountOf(*then), 320u);
    std::vector<PointId> points;
    for (uint64_t id = 1; id <= 10; ++id) points.push_back(id);
    Select select;
    select.payload = true;
    const auto found = then->Get(points, select, {});
    ASSERT_OK(found.status());
    std::set<std::string> rounds;
    for (const Point& point : *found) rounds.insert(Value(point.payload.at("round")).ToJson());
    EXPECT_EQ(rounds.size(), 1u) << "the write is in it as a whole or not at all";
  }
}

TEST_F(SnapshotsTest, ManyThreadsMayRestoreAndDelete) {
  const std::string id = Take();
  std::vector<std::thread> threads;
  std::atomic<int> restored{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const Status status = database_->RestoreSnapshot(id, "r" + std::to_string(t));
      if (status.ok()) ++restored;
      EXPECT_TRUE(status.ok() || status.code() == StatusCode::kNotFound) << status.ToString();
    });
  }
  threads.emplace_back([&] {
    const Status status = database_->DeleteSnapshot(id);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kFailedPrecondition)
        << status.ToString();
    EXPECT_OK(database_->ListSnapshots().status());
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(database_->ListCollections().size(), 1u + static_cast<size_t>(restored));
}

}  // namespace
}  // namespace sagitta::database
