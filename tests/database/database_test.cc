// Collections and aliases through the public interface, while serving and over reopens.
#include "sagitta/database.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/fault.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override { base::ClearFaults(); }

  void Reopen() {
    database_.reset();
    database_ = MustOpen(directory_ / "data");
    ASSERT_NE(database_, nullptr);
  }
  std::shared_ptr<Collection> Create(const CollectionSchema& schema) {
    auto collection = database_->CreateCollection(schema);
    EXPECT_OK(collection.status());
    return collection.ok() ? *collection : nullptr;
  }
  std::shared_ptr<Collection> Get(const std::string& name) {
    auto collection = database_->GetCollection(name);
    EXPECT_OK(collection.status());
    return collection.ok() ? *collection : nullptr;
  }
  std::vector<std::string> CollectionDirectories() {
    return NamesIn(directory_ / "data/collections");
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, CollectionsAreThereAfterAReopen) {
  CollectionSchema films = SchemaOf("films", 3);
  films.indexes.push_back({"color", PayloadIndexKind::kKeyword});
  films.compaction.seal_rows = 100;
  const CollectionSchema books = SchemaOf("books", 1);
  ASSERT_OK(Insert(*Create(films), 1, 50));
  ASSERT_OK(Insert(*Create(books), 1, 5));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(database_->ListCollections(), ::testing::ElementsAre(books, films));
    EXPECT_EQ(Get("films")->Schema(), films);
    EXPECT_EQ(CountOf(*Get("films")), 50u);
    EXPECT_EQ(CountOf(*Get("films"), Filter::Equals("color", "red")), 25u);
    ExpectNearestIsItself(*Get("films"), 17);
    EXPECT_EQ(CountOf(*Get("books")), 5u);
    Reopen();
  }
}

TEST_F(DatabaseTest, BadSchemasAndNamesAreRefused) {
  CollectionSchema schema = SchemaOf("films");
  schema.fields[0].index.kind = IndexKind::kSparse;
  ExpectInvalid(database_->CreateCollection(schema).status(), "fields[0].index.kind");
  ExpectInvalid(database_->CreateCollection(SchemaOf("../films")).status(), "name");
  ExpectInvalid(database_->GetCollection("").status(), "name");
  ExpectInvalid(database_->DropCollection("Films"), "name");
  ExpectInvalid(database_->UpdateCollection("a/b", {}).status(), "name");
  ExpectInvalid(database_->SetAlias("A", "films"), "alias");
  ExpectInvalid(database_->SetAlias("a", ""), "collection");
  ExpectInvalid(database_->DropAlias(" "), "alias");
  ExpectError(database_->GetCollection("films").status(), StatusCode::kNotFound, {"'films'"});
  ExpectError(database_->DropCollection("films"), StatusCode::kNotFound, {"'films'"});
  ExpectError(database_->UpdateCollection("films", {}).status(), StatusCode::kNotFound);
  Create(SchemaOf("films"));
  ExpectError(database_->CreateCollection(SchemaOf("films")).status(), StatusCode::kAlreadyExists);
  EXPECT_EQ(CollectionDirectories().size(), 1u) << "a refused collection leaves nothing";
}

TEST_F(DatabaseTest, BadOptionsAreRefused) {
  DatabaseOptions options = SmallOptions(directory_ / "other");
  options.search_threads = 100'000;
  ExpectInvalid(Database::Open(options).status(), "search_threads");
  options = SmallOptions(directory_ / "other");
  options.compaction_threads = 100'000;
  ExpectInvalid(Database::Open(options).status(), "compaction_threads");
  ExpectInvalid(Database::Open(SmallOptions("")).status(), "path");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "other"));
}

TEST_F(DatabaseTest, RequestsAreChecked) {
  const auto films = Create(SchemaOf("films"));
  auto points = PointsOf(1, 3);
  points[2].point.vectors["v"] = VectorValue(std::span<const float>(std::vector<float>{1, 2}));
  ExpectInvalid(films->Upsert(points, {}).status(), "points[2].vectors.v");
  ExpectInvalid(films->Upsert({}, {}).status(), "points");
  EXPECT_EQ(CountOf(*films), 0u);
  ExpectInvalid(SearchFor(*films, 1, 0).status(), "k");
  Query query;
  query.target = VectorOf(1);
  query.field = "sound";
  ExpectInvalid(films->Search(query, {}).status(), "field");
  ExpectInvalid(films->SearchBatch({}, {}).status(), "queries");
}

TEST_F(DatabaseTest, AliasesLeadToCollectionsOverReopens) {
  ASSERT_OK(Insert(*Create(SchemaOf("old")), 1, 3));
  ASSERT_OK(Insert(*Create(SchemaOf("new")), 1, 4));
  ASSERT_OK(database_->SetAlias("live", "old"));
  EXPECT_EQ(CountOf(*Get("live")), 3u);
  ASSERT_OK(database_->SetAlias("live", "new"));
  ASSERT_OK(database_->SetAlias("also", "live"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(CountOf(*Get("live")), 4u);
    const auto aliases = database_->ListAliases();
    ASSERT_EQ(aliases.size(), 2u);
    EXPECT_EQ(aliases[0].alias, "also");
    EXPECT_EQ(aliases[1].collection, "new");
    Reopen();
  }
  ExpectError(database_->SetAlias("new", "old"), StatusCode::kAlreadyExists, {"'new'"});
  ExpectError(database_->CreateCollection(SchemaOf("live")).status(), StatusCode::kAlreadyExists);
  ExpectError(database_->DropCollection("live"), StatusCode::kNotFound, {"alias"});
  ASSERT_OK(database_->DropAlias("also"));
  ASSERT_OK(database_->DropCollection("new"));
  EXPECT_TRUE(database_->ListAliases().empty()) << "an alias goes with its collection";
}

TEST_F(DatabaseTest, SettingsChangeWhileServing) {
  CollectionSchema schema = SchemaOf("films");
  schema.compaction.seal_rows = 64;
  const auto films = Create(schema);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> writes{0};
  std::thread writer([&] {
    while (!stop) {
      EXPECT_OK(Insert(*films, 1 + writes % 10 * 20, 20));
      ++writes;
    }
  });
  std::thread searcher([&] {
    while (!stop) EXPECT_OK(SearchFor(*films, 5).status());
  });
  constexpr IndexKind kKinds[] = {IndexKind::kFlat, IndexKind::kIvfFlat, IndexKind::kHnsw};
  for (uint32_t i = 0; i < 9; ++i) {
    while (writes < 2 * i + 2) std::this_thread::yield();  // each setting sees writes
    CollectionUpdate update;
    update.fields.push_back({"v", {}});
    update.fields[0].index.kind = kKinds[i % 3];
    update.fields[0].index.hnsw.ef_construction = 10 + i;
    const auto changed = database_->UpdateCollection("films", update);
    EXPECT_OK(changed.status());
    EXPECT_EQ(changed->fields[0].index, update.fields[0].index);
    EXPECT_EQ(changed->compaction, schema.compaction);
    EXPECT_EQ(films->Schema(), *changed);
  }
  stop = true;
  writer.join();
  searcher.join();
  CollectionUpdate unknown;
  unknown.fields.push_back({"sound", {}});
  ExpectInvalid(database_->UpdateCollection("films", unknown).status(), "fields[0].name");
  const CollectionSchema last = films->Schema();
  ASSERT_OK(films->Compact());
  ASSERT_OK(films->WaitIndexed({}, {}));
  const auto stats = films->Stats();
  ASSERT_OK(stats.status());
  EXPECT_TRUE(stats->indexed);
  EXPECT_EQ(stats->name, "films");
  EXPECT_EQ(stats->points, 200u);
  for (const ShardStats& shard : stats->shards) EXPECT_EQ(shard.unsealed_rows, 0u);
  Reopen();
  EXPECT_EQ(Get("films")->Schema(), last);
  EXPECT_EQ(CountOf(*Get("films")), 200u);
  ExpectNearestIsItself(*Get("films"), 77);
}

// Widths and the like hold for what is indexed already, at once and without a rebuild.
TEST_F(DatabaseTest, SettingsForSearchingHoldAtOnce) {
  CollectionSchema schema = SchemaOf("films", 1);
  IndexParams& index = schema.fields[0].index;
  for (const IndexKind kind : {IndexKind::kHnsw, IndexKind::kGraph, IndexKind::kIvfFlat,
                               IndexKind::kIvfPq, IndexKind::kIvfCodes}) {
    index.kind = kind;
    index.hnsw.ef_search = index.graph.ef_search = 10;
    index.ivf = {.nlist = 0, .nprobe = 1};
    index.codec.kind = CodecKind::kScalar;
    const auto films = Create(schema);
    for (uint64_t id = 1; id < 6000; id += 1000) ASSERT_OK(Insert(*films, id, 1000));
    ASSERT_OK(films->WaitIndexed({}, {}));
    Query query;
    query.target = VectorOf(3000);
    query.explain = true;
    const auto narrow = films->Search(query, {});
    CollectionUpdate update;
    update.fields.push_back({"v", index});
    IndexParams& changed = update.fields[0].index;
    changed.hnsw.ef_search = changed.graph.ef_search = 500;
    changed.ivf.nprobe = 12;
    ASSERT_OK(database_->UpdateCollection("films", update).status());
    const auto wide = films->Search(query, {});
    ASSERT_OK(narrow.status());
    ASSERT_OK(wide.status());
    EXPECT_EQ(wide->info.explain->segments[0].index, kind);
    EXPECT_GT(wide->info.distances, 2 * narrow->info.distances) << static_cast<int>(kind);
    ASSERT_OK(database_->DropCollection("films"));
  }
}

TEST_F(DatabaseTest, AnUpdateByAliasReachesTheCollection) {
  Create(SchemaOf("films"));
  ASSERT_OK(database_->SetAlias("live", "films"));
  CollectionUpdate update;
  update.set_compaction = true;
  update.compaction.seal_rows = 777;
  ASSERT_OK(database_->UpdateCollection("live", update).status());
  EXPECT_EQ(Get("films")->Schema().compaction.seal_rows, 777u);
}

TEST_F(DatabaseTest, CompactionIsPausedAndSeen) {
  EXPECT_FALSE(database_->Compaction().paused);
  database_->PauseCompaction(true);
  EXPECT_TRUE(database_->Compaction().paused);
  database_->PauseCompaction(false);
  EXPECT_FALSE(database_->Compaction().paused);
  database_.reset();
  DatabaseOptions options = SmallOptions(directory_ / "data");
  options.compaction_paused = true;
  auto database = Database::Open(options);
  ASSERT_OK(database.status());
  EXPECT_TRUE((*database)->Compaction().paused);
}

TEST_F(DatabaseTest, ACollectionThatCannotBeMadeLeavesNothing) {
  for (const char* point : {"file.make_dir", "store.commit", "catalog.before_add"}) {
    base::ArmFault(point, base::FaultAction::kNoSpace);
    EXPECT_EQ(database_->CreateCollection(SchemaOf("films")).status().code(),
              StatusCode::kResourceExhausted)
        << point;
    base::ClearFaults();
    EXPECT_TRUE(database_->ListCollections().empty());
  }
  ASSERT_OK(Insert(*Create(SchemaOf("films")), 1, 3));
  Reopen();
  EXPECT_EQ(CountOf(*Get("films")), 3u);
  EXPECT_EQ(CollectionDirectories().size(), 1u);
}

TEST_F(DatabaseTest, AWritesMemoryIsBounded) {
  database_.reset();
  DatabaseOptions options = SmallOptions(directory_ / "data");
  options.memory_limit_bytes = 1 << 20;
  auto database = Database::Open(options);
  ASSERT_OK(database.status());
  CollectionSchema schema = SchemaOf("films", 1);
  schema.fields[0].dim = 4096;
  auto films = (*database)->CreateCollection(schema);
  ASSERT_OK(films.status());
  const std::vector<float> zeros(4096);
  Status status;
  for (uint64_t i = 0; i < 2000 && status.ok(); ++i) {
    std::vector<UpsertPoint> points(1);
    points[0].point.id = i;
    points[0].point.vectors["v"] = VectorValue(std::span<const float>(zeros));
    status = (*films)->Upsert(std::move(points), {}).status();
  }
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
}

TEST(DatabaseVersion, SaysWhatWasBuilt) {
  const VersionInfo version = Database::Version();
  EXPECT_THAT(version.version, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(version.commit, ::testing::MatchesRegex("[0-9a-f]*"));
  EXPECT_FALSE(version.simd.empty());
  EXPECT_EQ(version.format_version, 1u);
}

}  // namespace
}  // namespace sagitta::database
