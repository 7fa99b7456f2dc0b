#include "cli/byte_source.h"

#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

class ByteSourceTest : public TestFiles {};

std::string ReadUpTo(ByteSource& source, size_t bytes) {
  std::string text(bytes, '\0');
  auto got = source.Read(text.data(), bytes);
  EXPECT_TRUE(got.ok()) << got.status().ToString();
  text.resize(got.ok() ? *got : 0);
  return text;
}

TEST_F(ByteSourceTest, PlainAndGzipReadTheSame) {
  const std::string content = "0123456789";
  for (const auto& path : {Write("a", content), WriteGzip("a.gz", content)}) {
    auto source = ByteSource::Open(path);
    ASSERT_TRUE(source.ok());
    EXPECT_EQ(ReadUpTo(**source, 4), "0123");
    EXPECT_EQ((*source)->offset(), 4u);
    ASSERT_TRUE((*source)->Seek(8).ok());
    EXPECT_EQ(ReadUpTo(**source, 4), "89");
    ASSERT_TRUE((*source)->Seek(1).ok());
    EXPECT_EQ(ReadUpTo(**source, 2), "12");
  }
}

TEST_F(ByteSourceTest, SizeIsKnownForPlainFilesOnly) {
  EXPECT_EQ((*ByteSource::Open(Write("a", "abc")))->size(), 3u);
  EXPECT_FALSE((*ByteSource::Open(WriteGzip("a.gz", "abc")))->size().has_value());
}

TEST_F(ByteSourceTest, MissingFileAndFolderAreNotFound) {
  const auto missing = ByteSource::Open(Path("none"));
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_NE(missing.status().message().find("none"), std::string::npos);
  EXPECT_EQ(ByteSource::Open(Path(".")).status().code(), StatusCode::kNotFound);
}

TEST_F(ByteSourceTest, LinesOfAnyLengthAndEnding) {
  const std::string wide(600'000, 'x');  // longer than the buffer
  auto source = ByteSource::Open(Write("lines", "a\r\n\n" + wide + "\nlast"));
  std::string line;
  std::vector<std::string> lines;
  while (*(*source)->ReadLine(&line, 1 << 20)) lines.push_back(line);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "", wide, "last"}));
}

TEST_F(ByteSourceTest, ReadAfterReadLineGoesOnBehindTheLine) {
  auto source = ByteSource::Open(Write("mixed", "first\nrest of it"));
  std::string line;
  ASSERT_TRUE(*(*source)->ReadLine(&line, 100));
  EXPECT_EQ((*source)->offset(), 6u);
  EXPECT_EQ(ReadUpTo(**source, 4), "rest");
  ASSERT_TRUE(*(*source)->ReadLine(&line, 100));
  EXPECT_EQ(line, " of it");
}

TEST_F(ByteSourceTest, TooLongALineIsAnError) {
  auto source = ByteSource::Open(Write("long", std::string(500, 'x')));
  std::string line;
  const auto got = (*source)->ReadLine(&line, 100);
  EXPECT_EQ(got.status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ByteSourceTest, CutAndDamagedGzipAreDataLoss) {
  std::string content;
  for (int i = 0; i < 5000; ++i) content += std::to_string(i * 7919);
  const std::string good = ReadAll(WriteGzip("good.gz", content));
  std::string flipped = good;
  flipped[good.size() - 6] ^= 1;  // the checksum at the end
  for (const auto& bytes : {good.substr(0, good.size() / 2), flipped}) {
    auto source = ByteSource::Open(Write("bad.gz", bytes));
    ASSERT_TRUE(source.ok());
    std::string all(content.size() + 1, '\0');
    const auto got = (*source)->Read(all.data(), all.size());
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.status().code(), StatusCode::kDataLoss);
    EXPECT_NE(got.status().message().find("bad.gz"), std::string::npos);
  }
}

}  // namespace
}  // namespace sagitta::cli
