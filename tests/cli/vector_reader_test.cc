#include "cli/vector_reader.h"

#include <random>

#include "cli/row_layout.h"
#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

class VectorReaderTest : public TestFiles {
 protected:
  // All values of the file as floats, read `step` rows at a time.
  std::vector<float> ReadFloats(const std::string& path, size_t step = 2) {
    auto reader = OpenVectorFile(path);
    EXPECT_TRUE(reader.ok()) << reader.status().ToString();
    std::vector<float> all;
    if (!reader.ok()) return all;
    for (VectorBlock block;;) {
      const Status status = (*reader)->Read(step, &block);
      EXPECT_TRUE(status.ok()) << status.ToString();
      if (!status.ok() || block.rows == 0) return all;
      for (size_t i = 0; i < block.rows; ++i) {
        for (const float v : block.Row(i).ToFloats()) all.push_back(v);
      }
    }
  }
  Status ReadToEnd(const std::string& path) {
    auto reader = OpenVectorFile(path);
    if (!reader.ok()) return reader.status();
    for (VectorBlock block;;) {
      SAGITTA_RETURN_IF_ERROR((*reader)->Read(7, &block));
      if (block.rows == 0) return Status::Ok();
    }
  }
  void ExpectError(const std::string& path, const std::string& part) {
    const Status status = ReadToEnd(path);
    EXPECT_FALSE(status.ok()) << path;
    EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
};

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

TEST_F(VectorReaderTest, NpyOfEveryType) {
  const std::string shape = "(3, 2)";
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("<f4", shape, Bytes<float>({1, 2, 3, 4, 5, 6})))),
            kSix);
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("<f8", shape, Bytes<double>({1, 2, 3, 4, 5, 6})))),
            kSix);
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("|u1", shape, Bytes<uint8_t>({1, 2, 3, 4, 5, 6})))),
            kSix);
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("<i4", shape, Bytes<int32_t>({1, 2, 3, 4, 5, 6})))),
            kSix);
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("<i8", shape, Bytes<int64_t>({1, 2, 3, 4, 5, 6})))),
            kSix);
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("|i1", "(1, 3)", Bytes<int8_t>({-1, 0, 127})))),
            (std::vector<float>{-1, 0, 127}));
  // 1.0 and −2.0 as binary16.
  EXPECT_EQ(ReadFloats(Write("a.npy", NpyOf("<f2", "(1, 2)", Bytes<uint16_t>({0x3c00, 0xc000})))),
            (std::vector<float>{1, -2}));
}

TEST_F(VectorReaderTest, NpyOfEveryVersionAndGzipped) {
  const std::string data = Bytes<float>({1, 2, 3, 4, 5, 6});
  for (const int version : {1, 2, 3}) {
    EXPECT_EQ(ReadFloats(Write("v.npy", NpyOf("<f4", "(3, 2)", data, version))), kSix);
  }
  EXPECT_EQ(ReadFloats(WriteGzip("v.npy.gz", NpyOf("<f4", "(3, 2)", data))), kSix);
}

TEST_F(VectorReaderTest, FoundByContentWithoutAnExtension) {
  EXPECT_EQ(ReadFloats(Write("plain", NpyOf("<f4", "(3, 2)", Bytes<float>({1, 2, 3, 4, 5, 6})))),
            kSix);
  EXPECT_EQ(
      ReadFloats(Write("images-ubyte", Idx(8, {3, 1, 2}, Bytes<uint8_t>({1, 2, 3, 4, 5, 6})))),
      kSix);
  ExpectError(Write("text", "hello, world"), "says a format");
}

TEST_F(VectorReaderTest, IdxIsBigEndianAndFlattened) {
  const std::string file = Idx(13, {2, 1}, std::string("\x3f\x80\0\0\xc0\0\0\0", 8));
  EXPECT_EQ(ReadFloats(Write("f.idx", file)), (std::vector<float>{1, -2}));
  auto reader = OpenVectorFile(WriteGzip("m.gz", Idx(8, {2, 28, 28}, std::string(1568, 'a'))));
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_EQ((*reader)->info().dim, 784u);
  EXPECT_EQ((*reader)->info().rows, 2u);
}

TEST_F(VectorReaderTest, VecsOfEveryType) {
  std::string f, b, i;
  for (int row = 0; row < 3; ++row) {
    const auto x = static_cast<float>(2 * row + 1);
    f += Bytes<int32_t>({2}) + Bytes<float>({x, x + 1});
    b += Bytes<int32_t>({2}) + Bytes<uint8_t>({uint8_t(x), uint8_t(x + 1)});
    i += Bytes<int32_t>({2, int32_t(x), int32_t(x + 1)});
  }
  for (const size_t step : {1, 2, 100}) {
    EXPECT_EQ(ReadFloats(Write("x.fvecs", f), step), kSix);
    EXPECT_EQ(ReadFloats(Write("x.bvecs", b), step), kSix);
    EXPECT_EQ(ReadFloats(Write("x.ivecs", i), step), kSix);
    EXPECT_EQ(ReadFloats(WriteGzip("x.fvecs.gz", f), step), kSix);
  }
}

TEST_F(VectorReaderTest, SeekGoesToAnyRow) {
  std::string f;
  for (float row = 0; row < 50; ++row) f += Bytes<int32_t>({1}) + Bytes<float>({row});
  for (const auto& path : {Write("s.fvecs", f), WriteGzip("s.fvecs.gz", f)}) {
    auto reader = OpenVectorFile(path);
    VectorBlock block;
    for (const uint64_t row : {30, 2, 49, 0}) {
      ASSERT_TRUE((*reader)->Seek(row).ok());
      ASSERT_TRUE((*reader)->Read(1, &block).ok());
      ASSERT_EQ(block.rows, 1u);
      EXPECT_EQ(block.Row(0).ToFloats()[0], static_cast<float>(row));
    }
  }
  auto reader = OpenVectorFile(Write("s.fvecs", f));
  EXPECT_TRUE((*reader)->Seek(50).ok());
  EXPECT_EQ((*reader)->Seek(51).code(), StatusCode::kOutOfRange);
}

TEST_F(VectorReaderTest, TruncatedFilesSayWhatWasExpected) {
  const std::string npy = NpyOf("<f4", "(3, 2)", Bytes<float>({1, 2, 3, 4, 5, 6}));
  const std::string idx = Idx(8, {3, 2}, "abcdef");
  const std::string vecs =
      Bytes<int32_t>({2}) + Bytes<float>({1, 2}) + Bytes<int32_t>({2}) + Bytes<float>({3, 4});
  for (size_t size = 0; size < npy.size(); ++size) {
    EXPECT_FALSE(ReadToEnd(Write("t.npy", npy.substr(0, size))).ok()) << size;
    EXPECT_FALSE(ReadToEnd(WriteGzip("t.npy.gz", npy.substr(0, size))).ok()) << size;
  }
  for (size_t size = 0; size < idx.size(); ++size) {
    EXPECT_FALSE(ReadToEnd(Write("t.idx", idx.substr(0, size))).ok()) << size;
    EXPECT_FALSE(ReadToEnd(WriteGzip("t.idx.gz", idx.substr(0, size))).ok()) << size;
  }
  for (size_t size = 0; size < vecs.size(); ++size) {
    if (size == 12) continue;  // one whole row is a file of its own
    EXPECT_FALSE(ReadToEnd(Write("t.fvecs", vecs.substr(0, size))).ok()) << size;
    EXPECT_FALSE(ReadToEnd(WriteGzip("t.fvecs.gz", vecs.substr(0, size))).ok()) << size;
  }
  ExpectError(Write("t.npy", npy.substr(0, npy.size() - 1)), "says 3 rows");
  ExpectError(Write("t.npy", npy + "x"), "too many");
}

TEST_F(VectorReaderTest, HostileHeaders) {
  const std::string huge = "(18446744073709551615, 8192)";
  ExpectError(Write("h.npy", NpyOf("<f4", huge, "abcd")), "truncated");
  ExpectError(Write("h.npy", NpyOf("<f4", "(99999999999999999999, 2)", "")), "shape");
  ExpectError(Write("h.npy", NpyOf("<f4", "(1, 0)", "")), "0 elements");
  ExpectError(Write("h.npy", NpyOf("<f4", "(1, 4294967297)", "")), "allowed are 1 to 65536");
  ExpectError(Write("h.npy", NpyOf("<f4", "(2, 2, 2)", std::string(32, 'x'))), "dimensions");
  ExpectError(Write("h.npy", NpyOf("<f4", "()", "abcd")), "dimensions");
  ExpectError(Write("h.npy", NpyOf(">f4", "(1, 1)", "abcd")), "little-endian");
  ExpectError(Write("h.npy", NpyOf("<c8", "(1, 1)", "abcdefgh")), "<c8");
  ExpectError(Write("h.npy", NpyOf("<f4", "(1, 1)", "abcd", 9)), "version");
  ExpectError(Write("h.npy", Npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                                 "'shape': (1, 1)}",
                                 "abcd")),
              "structured");
  ExpectError(Write("h.npy", Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}",
                                 std::string(16, 'x'))),
              "Fortran");
  ExpectError(Write("h.npy", std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)), "header of");
  ExpectError(Write("h.idx", Idx(8, {0xffffffff, 28, 28}, "x")), "truncated");
  ExpectError(Write("h.idx", Idx(8, {1, 0xffffffff, 0xffffffff, 0xffffffff}, "x")), "elements");
  ExpectError(Write("h.idx", Idx(8, {1, 0}, "x")), "elements");
  ExpectError(Write("h.idx", Idx(11, {1, 1}, "xx")), "element type 11");
  ExpectError(Write("h.fvecs", Bytes<int32_t>({-5, 0})), "-5 elements");
  ExpectError(Write("h.fvecs", Bytes<int32_t>({0x7fffffff, 0})), "2147483647 elements");
  ExpectError(Write("h.fvecs", Bytes<int32_t>({1, 7, 2, 7})), "row 1 has 2 elements");
  ExpectError(Write("h.fvecs", ""), "empty");
}

TEST_F(VectorReaderTest, RandomBytesNeverCrash) {
  std::mt19937 random(7);
  const std::string npy = NpyOf("<f4", "(3, 2)", Bytes<float>({1, 2, 3, 4, 5, 6}));
  const std::string idx = Idx(8, {3, 2}, "abcdef");
  const std::string vecs = Bytes<int32_t>({1, 5, 1, 6});
  for (int round = 0; round < 1500; ++round) {
    for (const auto& [name, good] : {std::pair{"r.npy", npy}, {"r.idx", idx}, {"r.fvecs", vecs}}) {
      std::string bytes = good;
      for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      (void)ReadToEnd(Write(name, bytes)).ok();
    }
  }
}

TEST_F(VectorReaderTest, Labels) {
  const auto idx = ReadLabels(WriteGzip("l.gz", Idx(8, {3}, Bytes<uint8_t>({9, 0, 255}))));
  ASSERT_TRUE(idx.ok()) << idx.status().ToString();
  EXPECT_EQ(*idx, (std::vector<int64_t>{9, 0, 255}));
  const auto npy = ReadLabels(Write("l.npy", NpyOf("<i8", "(2,)", Bytes<int64_t>({-1, 1L << 40}))));
  ASSERT_TRUE(npy.ok()) << npy.status().ToString();
  EXPECT_EQ(*npy, (std::vector<int64_t>{-1, 1L << 40}));
  EXPECT_FALSE(ReadLabels(Write("l.npy", NpyOf("<f4", "(1,)", Bytes<float>({1})))).ok());
  EXPECT_FALSE(ReadLabels(Write("l.npy", NpyOf("<i4", "(1, 2)", Bytes<int32_t>({1, 2})))).ok());
}

TEST_F(VectorReaderTest, WholeFileIsBounded) {
  const std::string path = Write("w.npy", NpyOf("|u1", "(100, 10)", std::string(1000, 'x')));
  EXPECT_EQ(ReadVectorFile(path, 5, 1 << 20)->rows, 5u);
  EXPECT_EQ(ReadVectorFile(path, 1000, 1000)->rows, 100u);
  EXPECT_EQ(ReadVectorFile(path, 1000, 999).status().code(), StatusCode::kResourceExhausted);
}

TEST(FileExtension, IgnoresGzipAndCase) {
  EXPECT_EQ(FileExtension("/a.b/data.NPY.gz"), "npy");
  EXPECT_EQ(FileExtension("/a.b/data"), "");
  EXPECT_EQ(FileExtension("train-images-idx3-ubyte.gz"), "");
}

TEST(NpyDictionary, KeysInAnyOrderAndSpacing) {
  const auto d = ParseNpyDictionary("{ \"shape\":(3,),'descr':'<f4' , 'fortran_order':True}");
  ASSERT_TRUE(d.ok()) << d.status().ToString();
  EXPECT_EQ(d->shape, std::vector<uint64_t>{3});
  EXPECT_TRUE(d->fortran_order);
  for (const char* bad : {"", "{", "{'descr': '<f4'}", "{'descr': '<f4', 'x': 1}",
                          "{'shape': (1, 2", "{'shape': (a)}", "{'descr': '<f4"}) {
    EXPECT_FALSE(ParseNpyDictionary(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace sagitta::cli
