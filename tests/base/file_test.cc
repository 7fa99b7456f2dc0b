#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/checksum.h"
#include "base/fault.h"
#include "tests/base/temp_directory.h"

namespace sagitta::base {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void TearDown() override { ClearFaults(); }
  sagitta::testing::TempDirectory dir_;
};

std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

TEST_F(FileTest, WritesWhatWasAppended) {
  const std::string path = dir_ / "file";
  const std::string content = Pattern(3 << 20);
  auto writer = FileWriter::Create(path);
  ASSERT_TRUE(writer.ok());
  size_t at = 0;
  // Pieces under, at and over the buffer's size.
  for (size_t piece = 1; at < content.size(); piece = piece * 3 + 1) {
    const size_t bytes = std::min(piece % 1000003, content.size() - at);
    ASSERT_TRUE((*writer)->Append(content.data() + at, bytes).ok());
    at += bytes;
    ASSERT_EQ((*writer)->offset(), at);
  }
  ASSERT_TRUE((*writer)->Sync().ok());
  ASSERT_TRUE((*writer)->Close().ok());
  EXPECT_FALSE((*writer)->Append("x", 1).ok());
  auto back = ReadFile(path);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(*back == content);
  EXPECT_EQ(*FileSize(path), content.size());
  EXPECT_EQ(*HashFile(path), Xxh3(content.data(), content.size()));
}

TEST_F(FileTest, CloseFlushes) {
  auto writer = FileWriter::Create(dir_ / "file");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append("abc", 3).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  EXPECT_EQ(*ReadFile(dir_ / "file"), "abc");
}

TEST_F(FileTest, ErrorsNameThePath) {
  const std::string missing = dir_ / "no/such/file";
  for (const Status& status :
       {FileWriter::Create(missing).status(), ReadFile(missing).status(),
        FileSize(missing).status(), HashFile(missing).status(), SyncDirectory(missing),
        RenameFile(missing, dir_ / "x"), LinkOrCopyFile(missing, dir_ / "x"),
        WriteFileAtomically(missing, "x"), FreeDiskBytes(missing).status()}) {
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.ToString();
    EXPECT_NE(status.message().find(missing), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("No such file"), std::string::npos) << status.ToString();
  }
}

TEST_F(FileTest, FullDeviceIsResourceExhausted) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  auto writer = FileWriter::Create("/dev/full");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append("x", 1).ok());  // buffered
  const Status status = (*writer)->Sync();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("/dev/full"), std::string::npos);
  EXPECT_EQ((*writer)->Append("x", 1).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ((*writer)->Close().code(), StatusCode::kResourceExhausted);
}

TEST_F(FileTest, AtomicWriteKeepsOldContentOnFailure) {
  const std::string path = dir_ / "file";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  for (const char* point : {"file.open_write", "file.write", "file.sync", "file.rename"}) {
    ArmFault(point, FaultAction::kNoSpace);
    const Status status = WriteFileAtomically(path, "new");
    ClearFaults();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << point;
    EXPECT_EQ(*ReadFile(path), "old") << point;
    EXPECT_FALSE(FileExists(path + ".tmp")) << point;
  }
  ASSERT_TRUE(WriteFileAtomically(path, "new").ok());
  EXPECT_EQ(*ReadFile(path), "new");
}

TEST_F(FileTest, AFailedSyncSticks) {
  auto writer = FileWriter::Create(dir_ / "file");
  ASSERT_TRUE(writer.ok());
  ArmFault("file.sync", FaultAction::kIoError);
  EXPECT_FALSE((*writer)->Sync().ok());
  ClearFaults();
  // A second fsync could succeed although the data is gone.
  EXPECT_FALSE((*writer)->Sync().ok());
  EXPECT_FALSE((*writer)->Append("x", 1).ok());
}

TEST_F(FileTest, EveryCallHasItsFaultPoint) {
  ASSERT_TRUE(WriteFileAtomically(dir_ / "a", "x").ok());
  const auto failed = [](const Status& status) {
    return status.code() == StatusCode::kUnavailable;
  };
  ArmFault("file.sync_dir", FaultAction::kIoError);
  EXPECT_TRUE(failed(SyncDirectory(dir_.path())));
  EXPECT_TRUE(failed(RenameFile(dir_ / "a", dir_ / "b")));  // renamed, yet not known to last
  EXPECT_TRUE(FileExists(dir_ / "b"));
  ArmFault("file.link", FaultAction::kIoError);
  EXPECT_TRUE(failed(LinkOrCopyFile(dir_ / "b", dir_ / "c")));
  ArmFault("file.map", FaultAction::kIoError);
  EXPECT_TRUE(failed(MappedFile::Open(dir_ / "b").status()));
  ArmFault("file.read", FaultAction::kIoError);
  EXPECT_TRUE(failed(ReadFile(dir_ / "b").status()));
  ArmFault("file.make_dir", FaultAction::kIoError);
  EXPECT_TRUE(failed(CreateDirectories(dir_ / "d")));
  ArmFault("file.remove", FaultAction::kIoError);
  EXPECT_TRUE(failed(RemoveFile(dir_ / "b")));
  EXPECT_TRUE(failed(RemoveTree(dir_ / "b")));
  ArmFault("file.list", FaultAction::kIoError);
  EXPECT_TRUE(failed(ListDirectory(dir_.path()).status()));
  ArmFault("file.lock", FaultAction::kIoError);
  EXPECT_TRUE(failed(FileLock::Acquire(dir_ / "lock").status()));
}

TEST_F(FileTest, LinkSharesAndNeverOverwrites) {
  ASSERT_TRUE(WriteFileAtomically(dir_ / "a", "content").ok());
  ASSERT_TRUE(LinkOrCopyFile(dir_ / "a", dir_ / "b").ok());
  struct stat info;
  ASSERT_EQ(::stat((dir_ / "b").c_str(), &info), 0);
  EXPECT_EQ(info.st_nlink, 2u);
  EXPECT_EQ(LinkOrCopyFile(dir_ / "a", dir_ / "b").code(), StatusCode::kAlreadyExists);
}

TEST_F(FileTest, CopiesAcrossFileSystems) {
  struct stat here, there;
  if (::stat("/dev/shm", &there) != 0 || ::access("/dev/shm", W_OK) != 0 ||
      ::stat(dir_.path().c_str(), &here) != 0 || here.st_dev == there.st_dev) {
    GTEST_SKIP() << "no second file system";
  }
  const std::string content = Pattern(1 << 20);
  const std::string source = "/dev/shm/sagitta-file-test-" + std::to_string(::getpid());
  ASSERT_TRUE(WriteFileAtomically(source, content).ok());
  EXPECT_TRUE(LinkOrCopyFile(source, dir_ / "copy").ok());
  EXPECT_TRUE(*ReadFile(dir_ / "copy") == content);
  EXPECT_EQ(LinkOrCopyFile(source, dir_ / "copy").code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(RemoveFile(source).ok());
}

}  // namespace
}  // namespace sagitta::base
