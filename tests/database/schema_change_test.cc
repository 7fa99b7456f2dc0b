#include "database/schema_change.h"

#include <gtest/gtest.h>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

CollectionSchema TwoFields() {
  CollectionSchema schema = SchemaOf("films");
  schema.fields.push_back(schema.fields[0]);
  schema.fields[1].name = "sound";
  schema.indexes.push_back({"genre", PayloadIndexKind::kKeyword});
  return schema;
}

CollectionUpdate UpdateOf(std::vector<std::pair<std::string, uint32_t>> names_and_m) {
  CollectionUpdate update;
  for (const auto& [name, m] : names_and_m) {
    IndexParams params;
    params.hnsw.m = m;
    update.fields.push_back({name, params});
  }
  return update;
}

TEST(WithUpdate, ChangesWhatIsNamedOnly) {
  auto update = UpdateOf({{"sound", 32}});
  update.set_compaction = true;
  update.compaction.seal_rows = 1000;
  const auto changed = WithUpdate(TwoFields(), update);
  ASSERT_OK(changed.status());
  CollectionSchema expected = TwoFields();
  expected.fields[1].index = update.fields[0].index;
  expected.compaction.seal_rows = 1000;
  EXPECT_EQ(*changed, expected);
}

TEST(WithUpdate, CompactionStaysWhenNotGiven) {
  CollectionUpdate update;
  update.compaction.seal_rows = 1;  // out of range, and not to be looked at
  EXPECT_EQ(*WithUpdate(TwoFields(), update), TwoFields());
}

TEST(WithUpdate, ErrorsNameThePartOfTheUpdate) {
  ExpectInvalid(WithUpdate(TwoFields(), UpdateOf({{"v", 16}, {"taste", 16}})).status(),
                "fields[1].name");
  ExpectInvalid(WithUpdate(TwoFields(), UpdateOf({{"v", 16}, {"v", 16}})).status(),
                "fields[1].name");
  // "sound" is field 1 of the schema, and field 0 of the update.
  ExpectInvalid(WithUpdate(TwoFields(), UpdateOf({{"sound", 1}})).status(),
                "fields[0].index.hnsw.m");
  auto reserved = UpdateOf({{"v", 16}, {"sound", 16}});
  reserved.fields[1].index.kind = IndexKind::kBinary;
  ExpectInvalid(WithUpdate(TwoFields(), reserved).status(), "fields[1].index.kind");
  CollectionUpdate compaction;
  compaction.set_compaction = true;
  compaction.compaction.seal_rows = 1;
  ExpectInvalid(WithUpdate(TwoFields(), compaction).status(), "compaction.seal_rows");
}

TEST(WithIndex, AddsIt) {
  const auto changed = WithIndex(TwoFields(), {"made.at", PayloadIndexKind::kDatetime});
  ASSERT_OK(changed.status());
  ASSERT_TRUE(changed->has_value());
  ASSERT_EQ((*changed)->indexes.size(), 2u);
  EXPECT_EQ((*changed)->indexes[1].path, "made.at");
}

TEST(WithIndex, TheSameOneIsNoChange) {
  const auto changed = WithIndex(TwoFields(), {"genre", PayloadIndexKind::kKeyword});
  ASSERT_OK(changed.status());
  EXPECT_FALSE(changed->has_value());
}

TEST(WithIndex, OtherTextSettingsAreAnotherIndex) {
  const PayloadIndex plain = {"plot", PayloadIndexKind::kText, {}};
  const PayloadIndex english = {"plot", PayloadIndexKind::kText, {.stemmer = "english"}};
  const auto changed = WithIndex(TwoFields(), english);
  ASSERT_OK(changed.status());
  EXPECT_FALSE(WithIndex(**changed, english)->has_value());
  ExpectError(WithIndex(**changed, plain).status(), StatusCode::kAlreadyExists,
              {"plot", "other settings"});
  ExpectInvalid(
      WithIndex(TwoFields(), {"p", PayloadIndexKind::kText, {.stemmer = "klingon"}}).status(),
      "index.text.stemmer");
}

TEST(WithIndex, RefusesAnotherKindBadPathsAndTooMany) {
  ExpectError(WithIndex(TwoFields(), {"genre", PayloadIndexKind::kInt64}).status(),
              StatusCode::kAlreadyExists, {"genre", "KEYWORD"});
  ExpectInvalid(WithIndex(TwoFields(), {"", PayloadIndexKind::kBool}).status(), "index.path");
  ExpectInvalid(WithIndex(TwoFields(), {"a..b", PayloadIndexKind::kBool}).status(), "index.path");
  ExpectInvalid(WithIndex(TwoFields(), {"a", static_cast<PayloadIndexKind>(77)}).status(),
                "index.kind");
  CollectionSchema full = TwoFields();
  while (full.indexes.size() < 64) {
    full.indexes.push_back({"n" + std::to_string(full.indexes.size()), PayloadIndexKind::kBool});
  }
  ExpectError(WithIndex(full, {"one.more", PayloadIndexKind::kBool}).status(),
              StatusCode::kFailedPrecondition, {"64"});
}

TEST(WithoutIndex, RemovesItOrSaysThatThereIsNone) {
  const auto changed = WithoutIndex(TwoFields(), "genre");
  ASSERT_OK(changed.status());
  EXPECT_TRUE(changed->indexes.empty());
  ExpectError(WithoutIndex(TwoFields(), "gen").status(), StatusCode::kNotFound, {"gen", "films"});
}

}  // namespace
}  // namespace sagitta::database
