#include "cli/point_source.h"

#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

class PointSourceTest : public TestFiles {
 protected:
  std::string Vectors() {
    return Write("v.npy", NpyOf("|u1", "(3, 2)", Bytes<uint8_t>({1, 2, 3, 4, 5, 6})));
  }
  Result<std::unique_ptr<PointSource>> Open(const DenseSourceOptions& options) {
    auto reader = OpenVectorFile(Vectors());
    return OpenDenseSource(std::move(*reader), options);
  }
  static v1::UpsertRequest Next(PointSource& source, size_t max_rows, size_t expected) {
    v1::UpsertRequest request;
    size_t rows = 0;
    const Status status = source.Next(max_rows, &request, &rows);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(rows, expected);
    return request;
  }
};

TEST_F(PointSourceTest, RowNumbersAndLabelsMakeColumns) {
  DenseSourceOptions options;
  options.field = "image";
  options.id_offset = 100;
  options.label_file = Write("labels", Idx(8, {3}, Bytes<uint8_t>({7, 8, 9})));
  options.label_key = "la\"bel";
  auto source = Open(options);
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  const auto first = Next(**source, 2, 2);
  ASSERT_TRUE(first.has_columns());
  EXPECT_EQ(first.columns().ids(1), 101u);
  EXPECT_EQ(first.columns().vectors(0).field(), "image");
  EXPECT_EQ(first.columns().vectors(0).dtype(), v1::DTYPE_U8);
  EXPECT_EQ(first.columns().vectors(0).data(), "\1\2\3\4");
  EXPECT_EQ(first.columns().payloads_json(1), R"({"la\"bel":8})");
  EXPECT_EQ(Next(**source, 2, 1).columns().payloads_json(0), R"({"la\"bel":9})");
  Next(**source, 2, 0);
}

TEST_F(PointSourceTest, SeekMovesEveryColumn) {
  DenseSourceOptions options;
  options.label_file = Write("labels", Idx(8, {3}, Bytes<uint8_t>({7, 8, 9})));
  options.payload_file = Write("p.jsonl", "{\"a\":0}\n{\"a\":1}\n{\"a\":2}\n");
  auto source = Open(options);
  for (const uint64_t row : {2, 0, 1}) {
    ASSERT_TRUE((*source)->Seek(row).ok());
    const auto request = Next(**source, 1, 1);
    EXPECT_EQ(request.columns().ids(0), row);
    EXPECT_EQ(request.columns().vectors(0).data()[0], static_cast<char>(2 * row + 1));
    EXPECT_EQ(request.columns().payloads_json(0),
              "{\"a\":" + std::to_string(row) + ",\"label\":" + std::to_string(row + 7) + "}");
  }
}

TEST_F(PointSourceTest, OtherIdsMakePoints) {
  DenseSourceOptions options;
  options.field = "f";
  options.ids_file = Write("ids.txt", "5\nabc\nuuid:00000000-0000-0000-0000-000000000001\n");
  options.payload_file = Write("p.jsonl", "{\"x\":1}\n{\"x\":2.0}\n{}\n");
  const auto request = Next(**Open(options), 10, 3);
  ASSERT_EQ(request.points_size(), 3);
  EXPECT_EQ(request.points(0).point().id().u64(), 5u);
  EXPECT_EQ(request.points(1).point().id().string(), "abc");
  EXPECT_EQ(request.points(2).point().id().uuid().size(), 16u);
  EXPECT_EQ(request.points(0).point().payload().at("x").int64_value(), 1);
  EXPECT_EQ(request.points(1).point().payload().at("x").double_value(), 2.0);
}

TEST_F(PointSourceTest, ShortOrWrongColumnsNameTheirFile) {
  const auto error = [&](const DenseSourceOptions& options) {
    auto source = Open(options);
    if (!source.ok()) return source.status();
    v1::UpsertRequest request;
    size_t rows = 0;
    return (*source)->Next(10, &request, &rows);
  };
  DenseSourceOptions options;
  options.ids_file = Write("short.txt", "1\n2\n");
  EXPECT_NE(error(options).message().find("short.txt: ends at row 2"), std::string::npos);
  options = {};
  options.payload_file = Write("bad.jsonl", "{}\n[1]\n{}\n");
  EXPECT_NE(error(options).message().find("bad.jsonl:2: a JSON object is expected"),
            std::string::npos);
  options = {};
  options.label_file = Write("wide.idx", Idx(8, {3, 2}, "abcdef"));
  EXPECT_NE(error(options).message().find("one integer a row"), std::string::npos);
}

TEST_F(PointSourceTest, JsonLines) {
  const std::string path = Write(
      "p.jsonl",
      "{\"id\":1,\"vector\":[1,2.5],\"payload\":{\"a\":[1,1.0,null,true,\"x\",{\"b\":2}]}}\n\n"
      "{\"id\":\"abc\",\"vectors\":{\"t\":[3]},\"ttl_ms\":50,\"version\":9}\n");
  auto source = OpenJsonlSource(path, "f");
  const auto request = Next(**source, 10, 2);
  ASSERT_EQ(request.points_size(), 2);
  const auto& first = request.points(0).point();
  EXPECT_EQ(first.id().u64(), 1u);
  EXPECT_EQ(first.vectors().at("f").data(), Bytes<float>({1, 2.5}));
  const auto& list = first.payload().at("a").list_value();
  EXPECT_EQ(list.values(0).int64_value(), 1);
  EXPECT_EQ(list.values(1).double_value(), 1.0);
  EXPECT_EQ(request.points(1).ttl_ms(), 50);
  ASSERT_TRUE((*source)->Seek(1).ok());
  EXPECT_EQ(Next(**source, 10, 1).points(0).point().id().string(), "abc");
  EXPECT_EQ((*source)->Seek(3).code(), StatusCode::kOutOfRange);
}

TEST_F(PointSourceTest, VectorsOfAnotherModelSaySo) {
  const std::string path =
      Write("a.jsonl",
            "{\"id\":1,\"vector\":[1]}\n{\"id\":2,\"vectors\":{\"t\":[3],\"f\":[4]}}\n"
            "{\"id\":3,\"vector\":[1],\"adapter\":\"own@2\"}\n"
            "{\"id\":4,\"vectors\":{\"t\":[3]},\"adapters\":{\"t\":\"own@3\"}}\n");
  const auto adapter = [](const v1::UpsertPoint& point, const std::string& field) {
    return point.point().vectors().at(field).adapter();
  };
  auto source = OpenJsonlSource(path, "f", "map@1");
  const auto request = Next(**source, 10, 4);
  EXPECT_EQ(adapter(request.points(0), "f"), "map@1");
  EXPECT_EQ(adapter(request.points(1), "f"), "map@1");
  EXPECT_EQ(adapter(request.points(1), "t"), "");
  EXPECT_EQ(adapter(request.points(3), "t"), "own@3");
  auto plain = OpenJsonlSource(path, "f");
  const auto as_given = Next(**plain, 10, 4);
  EXPECT_EQ(adapter(as_given.points(0), "f"), "");
  EXPECT_EQ(adapter(as_given.points(2), "f"), "own@2");

  DenseSourceOptions options;
  options.field = "f";
  options.adapter = "map@1";
  auto reader = OpenVectorFile(Write("a.fvecs", Bytes<int32_t>({1}) + Bytes<float>({2})));
  ASSERT_TRUE(reader.ok());
  auto dense = OpenDenseSource(std::move(*reader), options);
  ASSERT_TRUE(dense.ok());
  EXPECT_EQ(Next(**dense, 10, 1).columns().vectors(0).adapter(), "map@1");
}

TEST_F(PointSourceTest, WrongJsonLinesNameTheLine) {
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"{\"id\":1,\"vector\":[1]}\n{\"id\":-1,\"vector\":[1]}", ":2: id: "},
           {"{\"id\":1,\"vector\":[1,\"x\"]}", ":1: vector[1]: a number is expected"},
           {"{\"id\":1,\"vector\":[1e39]}", "beyond a 32-bit float"},
           {"{\"id\":1,\"vector\":[]}", "0 elements"},
           {"{\"id\":1,\"vectr\":[1]}", "vectr: unknown key"},
           {"{\"vector\":[1]}", "id: is missing"},
           {"{\"id\":1}", "neither vector nor vectors"},
           {"{\"id\":1,\"vector\":[1],\"adapter\":3}", "adapter: a string is expected"},
           {"{\"id\":1,\"vector\":[1],\"adapters\":{\"g\":\"a@1\"}}", "'g', which has no vector"},
           {"{\"id\":1,", "not JSON"},
           {"[1]", "an object with id"},
           {"{\"id\":1,\"vector\":[1],\"payload\":3}", "payload"},
           {"{\"id\":1,\"vector\":[1],\"payload\":{\"a\":18446744073709551615}}", "beyond int64"},
           {std::string(10'000, '['), "nested deeper"}}) {
    auto source = OpenJsonlSource(Write("bad.jsonl", text), "f");
    v1::UpsertRequest request;
    size_t rows = 0;
    const Status status = (*source)->Next(10, &request, &rows);
    EXPECT_NE(status.message().find(part), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("bad.jsonl:"), std::string::npos) << status.ToString();
  }
}

}  // namespace
}  // namespace sagitta::cli
