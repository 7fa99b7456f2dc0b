// The catalog by itself, with collections that have no shards.
#include "database/catalog.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/fault.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override { base::ClearFaults(); }

  static std::shared_ptr<LiveCollection> Make(const std::string& name) {
    return std::make_shared<LiveCollection>(Uuid::Random().ToString(), "nowhere", SchemaOf(name),
                                            nullptr, Status::DataLoss("no shards"));
  }
  void Reopen() {
    catalog_.reset();
    std::vector<Catalog::Stored> stored;
    auto catalog = Catalog::Open(directory_ / "catalog", &stored);
    ASSERT_OK(catalog.status());
    catalog_ = std::move(*catalog);
    for (const auto& [uuid, schema] : stored) {
      catalog_->Publish(std::make_shared<LiveCollection>(uuid, "nowhere", schema, nullptr,
                                                         Status::DataLoss("no shards")));
    }
  }
  Status Add(const std::string& name) {
    SAGITTA_ASSIGN_OR_RETURN(const NameReservation reservation, catalog_->Reserve(name));
    return catalog_->Add(reservation, Make(name));
  }
  std::string NameAt(const std::string& name) {
    const auto found = catalog_->Find(name);
    return found.ok() ? (*found)->schema()->name : found.status().ToString();
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& collection : catalog_->All()) names.push_back(collection->schema()->name);
    return names;
  }
  std::vector<std::string> Aliases() {
    std::vector<std::string> aliases;
    for (const auto& [alias, collection] : catalog_->Aliases()) {
      aliases.push_back(alias + ">" + collection);
    }
    return aliases;
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, KeepsCollectionsAndAliasesThroughAReopen) {
  ASSERT_OK(Add("b"));
  ASSERT_OK(Add("a"));
  ASSERT_OK(catalog_->SetAlias("z", "a"));
  ASSERT_OK(catalog_->SetAlias("y", "b"));
  ASSERT_OK(catalog_->SetAlias("x", "z"));  // an alias leads to what it leads to now
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Names(), ::testing::ElementsAre("a", "b"));
    EXPECT_THAT(Aliases(), ::testing::ElementsAre("x>a", "y>b", "z>a"));
    EXPECT_EQ(NameAt("x"), "a");
    Reopen();
  }
  ASSERT_OK(catalog_->SetAlias("z", "b"));
  EXPECT_EQ(NameAt("z"), "b");
  EXPECT_EQ(NameAt("x"), "a");
}

TEST_F(CatalogTest, OneNameForOneThing) {
  ASSERT_OK(Add("a"));
  ASSERT_OK(catalog_->SetAlias("z", "a"));
  ExpectError(Add("a"), StatusCode::kAlreadyExists, {"collection 'a'"});
  ExpectError(Add("z"), StatusCode::kAlreadyExists, {"alias 'z'"});
  ExpectError(catalog_->SetAlias("a", "a"), StatusCode::kAlreadyExists, {"collection 'a'"});
  {
    const auto reservation = catalog_->Reserve("new");
    ASSERT_OK(reservation.status());
    ExpectError(catalog_->Reserve("new").status(), StatusCode::kAlreadyExists, {"'new'"});
    ExpectError(catalog_->SetAlias("new", "a"), StatusCode::kAlreadyExists, {"'new'"});
    ExpectError(catalog_->Find("new").status(), StatusCode::kNotFound);
  }
  EXPECT_OK(catalog_->SetAlias("new", "a"));
}

TEST_F(CatalogTest, RemovingACollectionTakesItsAliases) {
  ASSERT_OK(Add("a"));
  ASSERT_OK(Add("b"));
  ASSERT_OK(catalog_->SetAlias("x", "a"));
  ASSERT_OK(catalog_->SetAlias("y", "b"));
  ExpectError(catalog_->Remove("x").status(), StatusCode::kNotFound, {"alias"});
  ExpectError(catalog_->Remove("c").status(), StatusCode::kNotFound, {"'c'"});
  const auto removed = catalog_->Remove("a");
  ASSERT_OK(removed.status());
  EXPECT_EQ((*removed)->schema()->name, "a");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Names(), ::testing::ElementsAre("b"));
    EXPECT_THAT(Aliases(), ::testing::ElementsAre("y>b"));
    Reopen();
  }
  EXPECT_OK(Add("a"));
}

TEST_F(CatalogTest, AliasesThatAreNotThere) {
  ASSERT_OK(Add("a"));
  ExpectError(catalog_->SetAlias("x", "b"), StatusCode::kNotFound, {"'b'"});
  ExpectError(catalog_->DropAlias("x"), StatusCode::kNotFound, {"'x'"});
  ExpectError(catalog_->DropAlias("a"), StatusCode::kNotFound, {"'a'"});
  ASSERT_OK(catalog_->SetAlias("x", "a"));
  ASSERT_OK(catalog_->DropAlias("x"));
  Reopen();
  EXPECT_TRUE(Aliases().empty());
}

TEST_F(CatalogTest, AFailedWriteChangesNothing) {
  ASSERT_OK(Add("a"));
  ASSERT_OK(catalog_->SetAlias("x", "a"));
  base::ArmFault("store.commit", base::FaultAction::kNoSpace);
  EXPECT_EQ(Add("b").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(catalog_->SetAlias("y", "a").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(catalog_->DropAlias("x").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(catalog_->Remove("a").status().code(), StatusCode::kResourceExhausted);
  base::ClearFaults();
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Names(), ::testing::ElementsAre("a"));
    EXPECT_THAT(Aliases(), ::testing::ElementsAre("x>a"));
    Reopen();
  }
  EXPECT_OK(Add("b"));
  EXPECT_OK(catalog_->SetAlias("y", "b"));
}

TEST_F(CatalogTest, EntriesThatMakeNoSenseAreDataLoss) {
  const std::string uuid = Uuid::Random().ToString();
  const std::string schema = SchemaOf("a").ToJson();
  std::string newer = schema;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":8");
  struct Case {
    store::CatalogEntry entry;
    StatusCode code;
  };
  const Case cases[] = {{{"../../etc", schema}, StatusCode::kDataLoss},
                        {{uuid, "{}"}, StatusCode::kDataLoss},
                        {{uuid, "no JSON"}, StatusCode::kDataLoss},
                        {{uuid, newer}, StatusCode::kFailedPrecondition}};
  catalog_.reset();
  const std::string path = directory_ / "catalog";
  for (const Case& c : cases) {
    {
      auto store = store::CatalogStore::Open(path);
      ASSERT_OK(store.status());
      ASSERT_OK((*store)->PutCollection(c.entry));
    }
    std::vector<Catalog::Stored> stored;
    ExpectError(Catalog::Open(path, &stored).status(), c.code, {path});
    auto store = store::CatalogStore::Open(path);
    ASSERT_OK((*store)->RemoveCollection(c.entry.uuid, {}));
  }
  {
    auto store = store::CatalogStore::Open(path);
    ASSERT_OK((*store)->PutAlias("x", uuid));
  }
  std::vector<Catalog::Stored> stored;
  ExpectError(Catalog::Open(path, &stored).status(), StatusCode::kDataLoss, {path, "'x'"});
}

TEST_F(CatalogTest, ManyThreadsAtOnceLeaveNamesUnique) {
  std::vector<std::thread> threads;
  std::atomic<int> made{0}, aliased{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 8; ++n) {
        const std::string name = "n" + std::to_string(n);
        if (Add(name).ok()) ++made;
        if (catalog_->SetAlias("a" + std::to_string(n), name).ok()) ++aliased;
        (void)catalog_->All();
        (void)catalog_->Find("a" + std::to_string(n));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 8);
  EXPECT_GE(aliased, 8);
  EXPECT_EQ(Names().size(), 8u);
  EXPECT_EQ(Aliases().size(), 8u);
}

}  // namespace
}  // namespace sagitta::database
