#include "base/section_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/fault.h"
#include "base/section_file_format.h"
#include "tests/base/temp_directory.h"

namespace sagitta::base {
namespace {

std::string Content(const SectionFileReader& reader, std::string_view name) {
  auto section = reader.Section(name);
  if (!section.ok()) return std::string("?") + section.status().ToString();
  return {reinterpret_cast<const char*>(section->data()), section->size()};
}

class SectionFileTest : public ::testing::Test {
 protected:
  void TearDown() override { ClearFaults(); }

  // In place: ext4 flushes a file that was truncated to nothing and closed, thousands of times
  // here.
  void Overwrite(std::string_view bytes) {
    if (!FileExists(path_)) std::ofstream(path_).flush();
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    std::filesystem::resize_file(path_, bytes.size());
    ASSERT_EQ(*FileSize(path_), bytes.size());
  }

  // Open, then Verify: the first failure.
  Status Check() {
    auto reader = SectionFileReader::Open(path_);
    if (!reader.ok()) return reader.status();
    return (*reader)->Verify();
  }

  // A small file of three sections, one of them empty.
  std::string Small() {
    auto writer = SectionFileWriter::Create(path_);
    EXPECT_TRUE(writer.ok());
    EXPECT_TRUE((*writer)->WriteString("meta", "{\"rows\":3}").ok());
    EXPECT_TRUE((*writer)->WriteString("empty", "").ok());
    const std::vector<float> values = {1.0f, 2.0f, 3.0f};
    EXPECT_TRUE((*writer)->WriteArray<float>("vectors.text", values).ok());
    EXPECT_TRUE((*writer)->Finish().ok());
    EXPECT_TRUE(Check().ok());
    return *ReadFile(path_);
  }

  sagitta::testing::TempDirectory dir_;
  const std::string path_ = dir_ / "segment";
};

// Puts the right checksum over a changed table and footer, as a hostile writer would.
void Reseal(std::string& file) {
  const size_t footer = file.size() - kSectionFooterBytes;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::memcpy(&offset, &file[footer], 8);
  std::memcpy(&bytes, &file[footer + 8], 8);
  if (offset <= file.size() && bytes <= file.size() - offset) {
    const uint64_t hash = Xxh3(&file[offset], bytes);
    std::memcpy(&file[footer + 16], &hash, 8);
  }
  const uint64_t hash = Xxh3(&file[footer], kFooterHashAt);
  std::memcpy(&file[footer + kFooterHashAt], &hash, 8);
  const uint64_t header_hash = Xxh3(file.data(), kHeaderHashAt);
  std::memcpy(&file[kHeaderHashAt], &header_hash, 8);
}

TEST_F(SectionFileTest, RoundTrip) {
  Small();
  EXPECT_FALSE(FileExists(path_ + ".tmp"));
  auto reader = SectionFileReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->sections().size(), 3u);
  EXPECT_EQ(Content(**reader, "meta"), "{\"rows\":3}");
  EXPECT_EQ(Content(**reader, "empty"), "");
  EXPECT_TRUE((*reader)->Has("empty"));
  EXPECT_FALSE((*reader)->Has("emptyy"));
  auto array = (*reader)->Array<float>("vectors.text", 3);
  ASSERT_TRUE(array.ok());
  EXPECT_EQ((*array)[2], 3.0f);
  EXPECT_EQ((*reader)->file_bytes(), *FileSize(path_));
}

TEST_F(SectionFileTest, SectionsAreAligned) {
  Small();
  auto reader = SectionFileReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  for (const auto& section : (*reader)->sections()) {
    EXPECT_EQ(section.offset % 64, 0u) << section.name;
  }
}

TEST_F(SectionFileTest, WrongSizesAndNamesAreDataLoss) {
  Small();
  auto reader = SectionFileReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  const Status count = (*reader)->Array<float>("vectors.text", 4).status();
  EXPECT_EQ(count.code(), StatusCode::kDataLoss);
  EXPECT_NE(count.message().find("vectors.text"), std::string::npos);
  EXPECT_EQ((*reader)->Array<double>("vectors.text").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ((*reader)->Section("none").status().code(), StatusCode::kDataLoss);
}

// Sizes around the hash blocks, written in random pieces.
TEST_F(SectionFileTest, RandomSizesAndPieces) {
  std::mt19937_64 random(4);
  std::vector<std::string> contents;
  for (const size_t bytes : {0u, 1u, 63u, 64u, 65u, 65535u, 65536u, 65537u, 131072u, 1000000u}) {
    std::string content(bytes, '\0');
    for (char& c : content) c = static_cast<char>(random());
    contents.push_back(std::move(content));
  }
  auto writer = SectionFileWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  for (size_t i = 0; i < contents.size(); ++i) {
    ASSERT_TRUE((*writer)->Begin(std::to_string(i) + "s").ok());
    for (size_t at = 0; at < contents[i].size();) {
      const size_t piece = std::min<size_t>(1 + random() % 100000, contents[i].size() - at);
      ASSERT_TRUE((*writer)->Append(contents[i].data() + at, piece).ok());
      at += piece;
    }
  }
  ASSERT_TRUE((*writer)->Finish().ok());
  EXPECT_EQ((*writer)->bytes_written(), *FileSize(path_));
  auto reader = SectionFileReader::Open(path_);
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  EXPECT_TRUE((*reader)->Verify().ok());
  for (size_t i = 0; i < contents.size(); ++i) {
    EXPECT_TRUE(Content(**reader, std::to_string(i) + "s") == contents[i]) << i;
  }
}

TEST_F(SectionFileTest, EmptyFileOfNoSections) {
  auto writer = SectionFileWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  EXPECT_TRUE(Check().ok());
}

TEST_F(SectionFileTest, EveryFlippedBitIsSeen) {
  const std::string good = Small();
  for (size_t byte = 0; byte < good.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[byte] = static_cast<char>(bad[byte] ^ 1 << bit);
      Overwrite(bad);
      ASSERT_EQ(Check().code(), StatusCode::kDataLoss) << "byte " << byte << " bit " << bit;
    }
  }
}

TEST_F(SectionFileTest, EveryTruncationIsSeen) {
  const std::string good = Small();
  for (size_t bytes = 0; bytes < good.size(); ++bytes) {
    Overwrite(good.substr(0, bytes));
    const Status opened = SectionFileReader::Open(path_).status();
    ASSERT_EQ(opened.code(), StatusCode::kDataLoss) << bytes;
    ASSERT_NE(opened.message().find(path_), std::string::npos);
  }
  Overwrite(good + '\0');
  EXPECT_EQ(SectionFileReader::Open(path_).status().code(), StatusCode::kDataLoss);
  // A file that ends like one, cut in its middle.
  Overwrite(good.substr(0, 64) + good.substr(128));
  EXPECT_EQ(SectionFileReader::Open(path_).status().code(), StatusCode::kDataLoss);
}

TEST_F(SectionFileTest, VerifyNamesSectionAndBlock) {
  auto writer = SectionFileWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->WriteString("small", "x").ok());
  ASSERT_TRUE((*writer)->WriteString("large", std::string(300000, 'y')).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  std::string file = *ReadFile(path_);
  file[128 + 3 * 65536 + 5] = 'z';
  Overwrite(file);
  auto reader = SectionFileReader::Open(path_);
  ASSERT_TRUE(reader.ok());  // reading blocks is Verify's work
  const Status status = (*reader)->Verify();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("'large', block 3"), std::string::npos) << status.ToString();
}

TEST_F(SectionFileTest, NewerVersionIsToldApartFromDamage) {
  std::string file = Small();
  file[kHeaderVersionAt] = 2;
  Reseal(file);
  Overwrite(file);
  const Status status = SectionFileReader::Open(path_).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("version 2"), std::string::npos) << status.ToString();
}

// Random bytes in table and footer under checksums that hold: no crash, and never a section outside
// the file.
TEST_F(SectionFileTest, HostileTablesNeverReachOutside) {
  const std::string good = Small();
  std::mt19937_64 random(5);
  const size_t footer = good.size() - kSectionFooterBytes;
  uint64_t table = 0;
  std::memcpy(&table, &good[footer], 8);
  int opened = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string bad = good;
    const size_t changes = 1 + random() % 4;
    for (size_t c = 0; c < changes; ++c) {
      const size_t at = table + random() % (good.size() - 16 - table);
      bad[at] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
    }
    Reseal(bad);
    Overwrite(bad);
    auto reader = SectionFileReader::Open(path_);
    if (!reader.ok()) continue;
    ++opened;
    (void)(*reader)->Verify().ok();
    for (const auto& section : (*reader)->sections()) {
      ASSERT_LE(section.offset, bad.size());
      ASSERT_LE(section.bytes, bad.size() - section.offset);
    }
  }
  EXPECT_GT(opened, 0);  // names and hashes may change
}

TEST_F(SectionFileTest, RandomBytesNeverOpen) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 1000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() > 8) bytes.replace(0, 8, kSectionMagic);
    Overwrite(bytes);
    ASSERT_EQ(SectionFileReader::Open(path_).status().code(), StatusCode::kDataLoss);
  }
}

TEST_F(SectionFileTest, MissingFileIsDataLoss) {
  const Status status = SectionFileReader::Open(dir_ / "none").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("missing"), std::string::npos);
}

TEST_F(SectionFileTest, UnfinishedLeavesNothing) {
  {
    auto writer = SectionFileWriter::Create(path_);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->WriteString("a", "b").ok());
    EXPECT_TRUE(FileExists(path_ + ".tmp"));
  }
  EXPECT_FALSE(FileExists(path_ + ".tmp"));
  EXPECT_FALSE(FileExists(path_));
}

TEST_F(SectionFileTest, FaultsLeaveNoHalfFile) {
  for (const char* point : {"file.open_write", "file.write", "file.sync", "file.rename",
                            "section_file.before_rename"}) {
    ArmFault(point, FaultAction::kNoSpace);
    Status status;
    {
      auto writer = SectionFileWriter::Create(path_);
      status = writer.status();
      if (writer.ok()) status = (*writer)->WriteString("a", std::string(1 << 20, 'b'));
      if (status.ok()) status = (*writer)->Finish();
    }
    ClearFaults();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << point;
    EXPECT_FALSE(FileExists(path_)) << point;
    EXPECT_FALSE(FileExists(path_ + ".tmp")) << point;
  }
}

TEST_F(SectionFileTest, UnfinishedFileCanBeReadBack) {
  auto created = SectionFileWriter::Create(path_);
  ASSERT_TRUE(created.ok());
  std::unique_ptr<SectionFileWriter> writer = std::move(*created);
  const std::string large(1000000, 'l');  // past the writer's buffer
  ASSERT_TRUE(writer->WriteString("ended", large).ok());
  ASSERT_TRUE(writer->Begin("open").ok());
  ASSERT_TRUE(writer->Append("half", 4).ok());

  const auto ended = writer->SectionOffset("ended");
  const auto open = writer->SectionOffset("open");
  ASSERT_TRUE(ended.ok() && open.ok());
  EXPECT_EQ(writer->SectionOffset("ende").status().code(), StatusCode::kNotFound);
  auto mapped = writer->MapWritten();
  ASSERT_TRUE(mapped.ok()) << mapped.status().ToString();
  const auto text = [&](uint64_t offset, size_t bytes) {
    const std::span<const std::byte> content = (*mapped)->bytes().subspan(offset, bytes);
    return std::string(reinterpret_cast<const char*>(content.data()), bytes);
  };
  EXPECT_EQ((*mapped)->bytes().size(), writer->bytes_written());
  EXPECT_TRUE(text(*ended, large.size()) == large);
  EXPECT_EQ(text(*open, 4), "half");

  // Going on as if nobody had looked; the mapping keeps its bytes.
  ASSERT_TRUE(writer->Append("way", 3).ok());
  ASSERT_TRUE(writer->WriteString("next", large).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_FALSE(writer->MapWritten().ok());
  writer.reset();
  EXPECT_TRUE(text(*ended, large.size()) == large);
  EXPECT_EQ(text(*open, 4), "half");
  auto reader = SectionFileReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE((*reader)->Verify().ok());
  EXPECT_EQ((*reader)->sections()[0].offset, *ended);
  EXPECT_EQ((*reader)->sections()[1].offset, *open);
  EXPECT_EQ(Content(**reader, "open"), "halfway");
}

TEST_F(SectionFileTest, FailureToReadBackSticks) {
  auto writer = SectionFileWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->WriteString("a", "b").ok());
  ArmFault("file.write", FaultAction::kNoSpace);
  EXPECT_EQ((*writer)->MapWritten().status().code(), StatusCode::kResourceExhausted);
  ClearFaults();
  EXPECT_EQ((*writer)->Finish().code(), StatusCode::kResourceExhausted);
}

TEST_F(SectionFileTest, MisuseSticks) {
  auto writer = SectionFileWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  EXPECT_FALSE((*writer)->Append("x", 1).ok());  // before Begin
  EXPECT_FALSE((*writer)->Begin("a").ok());
  EXPECT_FALSE((*writer)->Finish().ok());
  for (const std::string& name : {std::string(), std::string(201, 'n')}) {
    auto other = SectionFileWriter::Create(path_);
    ASSERT_TRUE(other.ok());
    EXPECT_FALSE((*other)->Begin(name).ok());
  }
  auto twice = SectionFileWriter::Create(path_);
  ASSERT_TRUE(twice.ok());
  EXPECT_TRUE((*twice)->Begin(std::string(200, 'n')).ok());
  EXPECT_FALSE((*twice)->Begin(std::string(200, 'n')).ok());
}

}  // namespace
}  // namespace sagitta::base
