#include "database/snapshot_manifest.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

constexpr char kId[] = "0f0e0d0c-0b0a-4909-8807-060504030201";

SnapshotManifest Good() {
  SnapshotManifest manifest;
  manifest.id = kId;
  manifest.schema = SchemaOf("films");
  manifest.created_ms = 1700000000000;
  manifest.points = 12;
  manifest.seq = 34;
  manifest.content.folders = {"shard-0000", "shard-0000/db"};
  manifest.content.files = {{"shard-0000/db/CURRENT", 16, 1},
                            {"shard-0000/db/000012.sst", 1000, 0xFEDCBA9876543210ull}};
  return manifest;
}

Result<SnapshotManifest> Parse(const std::string& json) {
  return SnapshotManifest::FromJson(json, "/data/snapshots/x/SNAPSHOT.json", kId);
}

// The text of the good one with members changed, and the checksum that goes with it: as somebody
// who means harm would write it.
std::string Forged(const std::function<void(ValueObject&)>& change) {
  auto parsed = Value::ParseJson(Good().ToJson());
  ValueObject& object = *parsed->AsObject();
  object.erase("checksum");
  change(object);
  const std::string text = Value(object).ToJson();
  char hex[17];
  std::snprintf(hex, sizeof(hex), "%016llx",
                static_cast<unsigned long long>(base::Xxh3(text.data(), text.size())));
  object.emplace("checksum", hex);
  return Value(object).ToJson();
}

std::string WithPath(const std::string& path) {
  return Forged(
      [&](ValueObject& object) { (*(*object["files"].AsList())[0].AsObject())["path"] = path; });
}

TEST(SnapshotManifest, ReadsWhatItWrites) {
  const auto read = Parse(Good().ToJson());
  ASSERT_OK(read.status());
  EXPECT_EQ(read->id, kId);
  EXPECT_EQ(read->schema, Good().schema);
  EXPECT_EQ(read->created_ms, Good().created_ms);
  EXPECT_EQ(read->points, 12u);
  EXPECT_EQ(read->seq, 34u);
  EXPECT_THAT(read->content.folders, ::testing::ElementsAre("shard-0000", "shard-0000/db"));
  ASSERT_EQ(read->content.files.size(), 2u);
  EXPECT_EQ(read->content.files[1].path, "shard-0000/db/000012.sst");
  EXPECT_EQ(read->content.files[1].xxh3, 0xFEDCBA9876543210ull);
  const SnapshotInfo info = read->Info();
  EXPECT_EQ(info.collection, "films");
  EXPECT_EQ(info.bytes, 1016u);
  EXPECT_OK(Parse(Forged([](ValueObject&) {})).status());  // forging as such is right
}

TEST(SnapshotManifest, AnyFlippedByteIsDamageOrANewerVersion) {
  const std::string good = Good().ToJson();
  for (size_t i = 0; i + 1 < good.size(); ++i) {  // the line end is not content
    std::string bad = good;
    bad[i] ^= 0x04;
    const Status status = Parse(bad).status();
    ASSERT_FALSE(status.ok()) << "byte " << i;
    if (status.code() == StatusCode::kFailedPrecondition) continue;  // "format":5
    ExpectError(status, StatusCode::kDataLoss, {"SNAPSHOT.json"});
  }
  for (size_t size = 0; size + 1 < good.size(); size += 7) {
    ExpectError(Parse(good.substr(0, size)).status(), StatusCode::kDataLoss, {"SNAPSHOT.json"});
  }
}

TEST(SnapshotManifest, ANewerFormatIsNamed) {
  ExpectError(Parse(Forged([](ValueObject& object) { object["format"] = 9; })).status(),
              StatusCode::kFailedPrecondition, {"SNAPSHOT.json", "format 9", "1 to 1"});
}

TEST(SnapshotManifest, PathsOutOfTheSnapshotAreRefused) {
  for (const char* path :
       {"", "/etc/passwd", "../shard-0000/db/x", "shard-0000/../../x", "shard-0000/./x",
        "shard-0000//x", "shard-0000/", "shard-0000", "SNAPSHOT.json", "db/x", "shard-0000/.."}) {
    ExpectError(Parse(WithPath(path)).status(), StatusCode::kDataLoss, {"files"});
  }
  ExpectError(Parse(WithPath(std::string("shard-0000/a\0b", 14))).status(), StatusCode::kDataLoss);
  ExpectError(Parse(WithPath("shard-0000/" + std::string(2000, 'x'))).status(),
              StatusCode::kDataLoss);
  for (const char* path : {"", "/tmp", "..", "shard-0000/../..", "shard-0000/", "db"}) {
    ExpectError(Parse(Forged([&](ValueObject& object) {
                  (*object["folders"].AsList())[0] = Value(path);
                })).status(),
                StatusCode::kDataLoss, {"folders"});
  }
  ExpectError(Parse(WithPath("shard-0000/db/000012.sst")).status(), StatusCode::kDataLoss,
              {"twice"});
}

TEST(SnapshotManifest, MembersOfTheWrongKindAreDamage) {
  const std::function<void(ValueObject&)> changes[] = {
      [](ValueObject& o) { o.erase("format"); },
      [](ValueObject& o) { o["format"] = 0; },
      [](ValueObject& o) { o["format"] = "1"; },
      [](ValueObject& o) { o["id"] = "0f0e0d0c-0b0a-4909-8807-060504030202"; },
      [](ValueObject& o) { o["points"] = -1; },
      [](ValueObject& o) { o["points"] = 1.5; },
      [](ValueObject& o) { o.erase("seq"); },
      [](ValueObject& o) { o["files"] = "all"; },
      [](ValueObject& o) { o.erase("folders"); },
      [](ValueObject& o) { o["folders"].AsList()->emplace_back(int64_t{7}); },
      [](ValueObject& o) { o["files"].AsList()->emplace_back(int64_t{7}); },
      [](ValueObject& o) { (*o["files"].AsList())[0].AsObject()->erase("bytes"); },
      [](ValueObject& o) { (*(*o["files"].AsList())[0].AsObject())["xxh3"] = "12"; },
      [](ValueObject& o) { (*(*o["files"].AsList())[0].AsObject())["xxh3"] = "xxxxxxxxxxxxxxxx"; },
      [](ValueObject& o) { (*(*o["files"].AsList())[0].AsObject())["bytes"] = INT64_MAX; },
      [](ValueObject& o) { o.erase("schema"); },
      [](ValueObject& o) { (*o["schema"].AsObject())["shards"] = 1000; },
      [](ValueObject& o) { (*o["schema"].AsObject())["name"] = "../up"; },
  };
  for (const auto& change : changes) {
    ExpectError(Parse(Forged(change)).status(), StatusCode::kDataLoss, {"SNAPSHOT.json"});
  }
  for (const char* text : {"", "null", "[]", "{}", "{\"format\":1}"}) {
    ExpectError(Parse(text).status(), StatusCode::kDataLoss, {"SNAPSHOT.json"});
  }
}

}  // namespace
}  // namespace sagitta::database
