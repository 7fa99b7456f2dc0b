#include "cli/export_writer.h"

#include "cli/point_source.h"
#include "cli/vector_reader.h"
#include "cli/wire_json.h"
#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

class ExportWriterTest : public TestFiles {};

v1::Point MakePoint(uint64_t id, std::vector<float> vector) {
  v1::Point point;
  point.mutable_id()->set_u64(id);
  point.set_version(id + 1);
  VectorToWire(VectorValue(vector), &(*point.mutable_vectors())["f"]);
  (*point.mutable_payload())["n"].set_int64_value(static_cast<int64_t>(id));
  return point;
}

TEST_F(ExportWriterTest, JsonLinesCanBeImported) {
  const std::string path = Path("out.jsonl");
  auto writer = OpenJsonlWriter(path, false);
  ASSERT_TRUE(writer.ok());
  for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE((*writer)->Write(MakePoint(i, {0.1f, 2})).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  auto source = OpenJsonlSource(path, "");
  v1::UpsertRequest request;
  size_t rows = 0;
  const Status status = (*source)->Next(10, &request, &rows);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(rows, 3u);
  const auto expected = MakePoint(2, {0.1f, 2});
  EXPECT_EQ(request.points(2).point().vectors().at("f").data(), expected.vectors().at("f").data());
  EXPECT_EQ(request.points(2).point().payload().at("n").int64_value(), 2);
}

TEST_F(ExportWriterTest, NpyCanBeRead) {
  const std::string path = Path("out.npy");
  auto writer = OpenNpyWriter(path, false, "f", 2, v1::DTYPE_F32);
  ASSERT_TRUE((*writer)->Write(MakePoint(5, {1, 2})).ok());
  v1::Point other = MakePoint(6, {1, 2});
  other.clear_vectors();
  ASSERT_TRUE((*writer)->Write(other).ok());
  ASSERT_TRUE((*writer)->Write(MakePoint(7, {3, 4})).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  auto block = ReadVectorFile(path, 100, 1 << 20);
  ASSERT_TRUE(block.ok()) << block.status().ToString();
  ASSERT_EQ(block->rows, 2u);
  EXPECT_EQ(block->Row(1).ToFloats(), (std::vector<float>{3, 4}));
  EXPECT_EQ(ReadAll(path + ".ids"), "5\n7\n");
}

TEST_F(ExportWriterTest, NpyOfBitsIsPackedBytes) {
  const std::string path = Path("bits.npy");
  auto writer = OpenNpyWriter(path, false, "f", 11, v1::DTYPE_BITS);
  v1::Point point = MakePoint(5, {1, 2});
  auto& vector = (*point.mutable_vectors())["f"];
  vector.set_dtype(v1::DTYPE_BITS);
  vector.set_data("\x81\x04");
  ASSERT_TRUE((*writer)->Write(point).ok());
  vector.set_data("\x81");
  EXPECT_FALSE((*writer)->Write(point).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  auto block = ReadVectorFile(path, 100, 1 << 20);
  ASSERT_TRUE(block.ok()) << block.status().ToString();
  EXPECT_EQ(block->Row(0), VectorValue(Dtype::kU8, "\x81\x04"));
}

TEST_F(ExportWriterTest, ReopenCutsWhatCameAfterTheMark) {
  const std::string path = Path("cut.npy");
  nlohmann::json mark;
  {
    auto writer = OpenNpyWriter(path, false, "f", 1, v1::DTYPE_F32);
    ASSERT_TRUE((*writer)->Write(MakePoint(1, {1})).ok());
    ASSERT_TRUE((*writer)->Flush(&mark).ok());
    ASSERT_TRUE((*writer)->Write(MakePoint(2, {2})).ok());
    nlohmann::json later;
    ASSERT_TRUE((*writer)->Flush(&later).ok());
  }  // and died
  auto writer = OpenNpyWriter(path, true, "f", 1, v1::DTYPE_F32);
  ASSERT_TRUE((*writer)->Reopen(mark).ok());
  ASSERT_TRUE((*writer)->Write(MakePoint(3, {3})).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  auto block = ReadVectorFile(path, 100, 1 << 20);
  ASSERT_TRUE(block.ok()) << block.status().ToString();
  ASSERT_EQ(block->rows, 2u);
  EXPECT_EQ(block->Row(1).ToFloats()[0], 3);
  EXPECT_EQ(ReadAll(path + ".ids"), "1\n3\n");
}

TEST_F(ExportWriterTest, AMarkBeyondTheFileIsRefused) {
  const std::string path = Write("short.jsonl", "{}\n");
  auto writer = OpenJsonlWriter(path, true);
  const Status status = (*writer)->Reopen({{"bytes", 100}, {"points", 2}});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("short.jsonl"), std::string::npos);
  for (const nlohmann::json& mark : {nlohmann::json(), nlohmann::json{{"points", 1}},
                                     nlohmann::json{{"points", 1}, {"bytes", -1}}}) {
    EXPECT_EQ((*writer)->Reopen(mark).code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(ReadAll(path), "{}\n");
}

TEST(NpyHeader, IsAlignedWhateverTheCount) {
  EXPECT_EQ(NpyHeader("<f4", 0, 1).size(), 128u);
  EXPECT_EQ(NpyHeader("<f4", UINT64_MAX, 8192).size(), 128u);
  EXPECT_EQ(NpyHeader("<f4", 1, 1).back(), '\n');
}

}  // namespace
}  // namespace sagitta::cli
