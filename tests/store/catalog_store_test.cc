#include "store/catalog_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "base/bytes.h"
#include "store/rocks_handle.h"
#include "store/value_codec.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

using Aliases = std::vector<std::pair<std::string, std::string>>;

class CatalogStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    catalog_.reset();
    auto catalog = CatalogStore::Open(directory_ / "catalog");
    ASSERT_TRUE(catalog.ok()) << catalog.status().ToString();
    catalog_ = std::move(*catalog);
  }
  // Puts `value` under `key` behind the catalog's back.
  void PutRaw(const std::string& key, const std::string& value) {
    catalog_.reset();
    RocksOpenSpec spec;
    spec.path = directory_ / "catalog";
    spec.families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
    spec.format_family = Family::kCatalog;
    auto handle = RocksHandle::Open(std::move(spec));
    ASSERT_TRUE(handle.ok()) << handle.status().ToString();
    ASSERT_TRUE((*handle)->db()->Put(rocksdb::WriteOptions(), key, value).ok());
  }

  testing::TempDirectory directory_;
  std::unique_ptr<CatalogStore> catalog_;
};

TEST_F(CatalogStoreTest, RoundTripThroughReopen) {
  ASSERT_OK(catalog_->PutCollection({"uuid-1", "{\"name\":\"one\"}"}));
  ASSERT_OK(catalog_->PutCollection({"uuid-2", "{}"}));
  ASSERT_OK(catalog_->PutCollection({"uuid-2", "{\"changed\":1}"}));
  ASSERT_OK(catalog_->PutAlias("a", "uuid-1"));
  ASSERT_OK(catalog_->PutAlias("b", "uuid-1"));
  ASSERT_OK(catalog_->PutAlias("b", "uuid-2"));
  for (int round = 0; round < 2; ++round, Reopen()) {
    std::vector<CatalogEntry> collections;
    Aliases aliases;
    ASSERT_OK(catalog_->Load(&collections, &aliases));
    ASSERT_EQ(collections.size(), 2u);
    EXPECT_EQ(collections[0].uuid, "uuid-1");
    EXPECT_EQ(collections[0].schema_json, "{\"name\":\"one\"}");
    EXPECT_EQ(collections[1].schema_json, "{\"changed\":1}");
    EXPECT_EQ(aliases, (Aliases{{"a", "uuid-1"}, {"b", "uuid-2"}}));
  }
}

TEST_F(CatalogStoreTest, RemovalTakesTheAliasesGivenWithIt) {
  ASSERT_OK(catalog_->PutCollection({"u", "{}"}));
  for (const char* alias : {"a", "b", "c"}) ASSERT_OK(catalog_->PutAlias(alias, "u"));
  ASSERT_OK(catalog_->RemoveAlias("c"));
  ASSERT_OK(catalog_->RemoveCollection("u", {"a", "b"}));
  ASSERT_OK(catalog_->RemoveCollection("never there", {"nor this"}));
  std::vector<CatalogEntry> collections;
  Aliases aliases;
  ASSERT_OK(catalog_->Load(&collections, &aliases));
  EXPECT_TRUE(collections.empty());
  EXPECT_TRUE(aliases.empty());
}

TEST_F(CatalogStoreTest, SecondOpenIsRefused) {
  const auto second = CatalogStore::Open(directory_ / "catalog");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(CatalogStoreTest, NewerFormatIsRefusedNamingVersions) {
  std::string body;
  base::PutLe(body, CatalogStore::kFormatVersion + 1);
  PutRaw("v", EncodeValue(Family::kCatalog, "v", body));
  const auto newer = CatalogStore::Open(directory_ / "catalog");
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(newer.status().message().find("format version 2"), std::string::npos);
  EXPECT_NE(newer.status().message().find("versions 1 to 1"), std::string::npos);
}

TEST_F(CatalogStoreTest, DamagedValueIsDataLoss) {
  ASSERT_OK(catalog_->PutCollection({"u", "{}"}));
  PutRaw("cu", EncodeValue(Family::kCatalog, "cv", "{}"));
  Reopen();
  std::vector<CatalogEntry> collections;
  Aliases aliases;
  const Status status = catalog_->Load(&collections, &aliases);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("catalog, key 0x6375"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace sagitta::store
