// Models as files: bytes, versions, damage.
#include "database/model_store.h"

#include "base/file.h"
#include "tests/database/models_testing.h"

namespace sagitta::database {
namespace {

StoredModel Some(uint32_t bits = 2) {
  auto model = DecodeModel(UntrainedModel(8, bits));
  EXPECT_OK(model.status());
  model->info.collection = "films";
  model->info.field = "v";
  model->info.created_ms = 1234;
  model->info.rows = 99;
  model->info.compatible = ModelRef{"old", 3};
  model->info.before = {0.1, 0.2, 0.3};
  model->info.after = {0.4, 0.5, 0.6};
  model->info.old_alone = 0.25;
  model->info.job = "some-job";
  return std::move(*model);
}

TEST(ModelRef, ReadsOneSpellingOnly) {
  const auto ref = ModelRef::Parse("model", "a-b_3@12");
  ASSERT_OK(ref.status());
  EXPECT_EQ(ref->name, "a-b_3");
  EXPECT_EQ(ref->version, 12u);
  EXPECT_EQ(ref->ToString(), "a-b_3@12");
  for (const char* wrong : {"", "a", "a@", "@1", "a@0", "a@01", "a@+1", "a@1 ", "a@b@1", "A@1",
                            "../a@1", "a@99999999999", "a@-1"}) {
    ExpectInvalid(ModelRef::Parse("model", wrong).status(), "model");
  }
}

TEST(ModelFormat, KeepsAllOfIt) {
  const StoredModel model = Some();
  const auto back = DecodeModel(EncodeModel(model));
  ASSERT_OK(back.status());
  EXPECT_EQ(back->info, model.info);
  EXPECT_EQ(back->body, model.body);
  EXPECT_EQ(back->info.dim, 8u);
  EXPECT_EQ(back->info.bits, 2u);
  EXPECT_EQ(back->info.width, 8u);
  EXPECT_EQ(back->info.metric, Metric::kCosine);
  EXPECT_EQ(back->info.bytes, model.body.size());
}

TEST(ModelFormat, EveryDamageIsFound) {
  const std::string bytes = EncodeModel(Some());
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(DecodeModel(damaged).ok()) << at;
    EXPECT_FALSE(DecodeModel(bytes.substr(0, at)).ok()) << at;
  }
  EXPECT_FALSE(DecodeModel(bytes + "x").ok());
}

TEST(ModelStore, VersionsCountUpAndStay) {
  testing::TempDirectory directory;
  const std::string folder = directory / "models";
  {
    auto store = ModelStore::Open(folder);
    ASSERT_OK(store.status());
    EXPECT_EQ((*store)->Add("a", Some(1))->ref.ToString(), "a@1");
    EXPECT_EQ((*store)->Add("a", Some(2))->ref.ToString(), "a@2");
    EXPECT_EQ((*store)->Add("b", Some())->ref.ToString(), "b@1");
    // The last one's number is not given again.
    EXPECT_OK((*store)->Delete({"a", 2}));
    ExpectError((*store)->Delete({"a", 2}), StatusCode::kNotFound, {"a@2"});
  }
  auto store = ModelStore::Open(folder);
  ASSERT_OK(store.status());
  ASSERT_EQ((*store)->List().size(), 2u);
  EXPECT_EQ((*store)->List()[0].bits, 1u);
  EXPECT_EQ((*store)->Add("a", Some())->ref.ToString(), "a@3");
  EXPECT_EQ((*store)->FindJob("some-job")->ref.ToString(), "a@1");
  EXPECT_FALSE((*store)->FindJob("other").has_value());
  const auto codec = (*store)->FindCodec("a@1");
  ASSERT_OK(codec.status());
  EXPECT_EQ((*codec)->kind(), CodecKind::kLearned);
  ExpectError((*store)->FindCodec("a@2").status(), StatusCode::kNotFound, {"a@2"});
}

TEST(ModelStore, ADamagedFileIsNamedAndHidesNoOther) {
  testing::TempDirectory directory;
  const std::string folder = directory / "models";
  std::string file;
  {
    auto store = ModelStore::Open(folder);
    ASSERT_OK(store.status());
    ASSERT_OK((*store)->Add("a", Some()).status());
    ASSERT_OK((*store)->Add("a", Some()).status());
    file = folder + "/a@1.model";
    // While it is open, too.
    FlipByte(file, std::filesystem::file_size(file) / 2);
    ExpectError((*store)->Export({"a", 1}).status(), StatusCode::kDataLoss, {file});
    ExpectError((*store)->FindCodec("a@1").status(), StatusCode::kDataLoss, {file});
  }
  auto store = ModelStore::Open(folder);
  ASSERT_OK(store.status());
  ExpectError((*store)->Get({"a", 1}).status(), StatusCode::kDataLoss, {file});
  EXPECT_OK((*store)->Get({"a", 2}).status());
  EXPECT_EQ((*store)->List().size(), 1u);
  EXPECT_OK((*store)->Delete({"a", 1}));
  // A file under another's name is not that model.
  std::filesystem::copy_file(folder + "/a@2.model", folder + "/c@7.model");
  store = ModelStore::Open(folder);
  ExpectError((*store)->Get({"c", 7}).status(), StatusCode::kDataLoss, {"c@7.model", "a@2"});
  EXPECT_EQ((*store)->Add("c", Some())->ref.version, 8u);
  // Were the last number unknown, it might be given twice.
  ASSERT_OK(base::WriteFileAtomically(folder + "/a.last", "x\n"));
  ExpectError(ModelStore::Open(folder).status(), StatusCode::kDataLoss, {"a.last"});
}

}  // namespace
}  // namespace sagitta::database
