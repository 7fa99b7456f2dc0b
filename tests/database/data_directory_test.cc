#include "database/data_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

namespace fs = std::filesystem;

std::string Text(const std::string& file) {
  const auto text = base::ReadFile(file);
  return text.ok() ? *text : text.status().ToString();
}

void Write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }

TEST(DataDirectory, IsMadeWithItsFormat) {
  testing::TempDirectory temp;
  const std::string path = temp / "a/b/data";
  ASSERT_OK(DataDirectory::Open(path, true).status());
  EXPECT_THAT(NamesIn(path), ::testing::UnorderedElementsAre("LOCK", "FORMAT", "catalog",
                                                             "collections", "snapshots"));
  EXPECT_EQ(Text(path + "/FORMAT"), "sagitta-data 1\n");
  ASSERT_OK(DataDirectory::Open(path, false).status());
}

TEST(DataDirectory, IsNotMadeUnlessAsked) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  ExpectError(DataDirectory::Open(path, false).status(), StatusCode::kNotFound, {path});
  EXPECT_FALSE(fs::exists(path));
  fs::create_directory(path);
  ExpectError(DataDirectory::Open(path, false).status(), StatusCode::kNotFound, {path, "empty"});
  EXPECT_TRUE(fs::is_empty(path));
  ExpectInvalid(DataDirectory::Open("", true).status(), "path");
}

TEST(DataDirectory, OpensOnceAtATime) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  auto first = DataDirectory::Open(path, true);
  ASSERT_OK(first.status());
  ExpectError(DataDirectory::Open(path, true).status(), StatusCode::kFailedPrecondition,
              {path, "already open", std::to_string(getpid())});
  first = Status::Internal("closed");
  EXPECT_OK(DataDirectory::Open(path, true).status());
}

TEST(DataDirectory, FilesOfOthersAreLeftAlone) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  fs::create_directory(path);
  Write(path + "/letter.txt", "dear");
  ExpectError(DataDirectory::Open(path, true).status(), StatusCode::kFailedPrecondition,
              {path, "letter.txt", "FORMAT"});
  EXPECT_THAT(NamesIn(path), ::testing::ElementsAre("letter.txt"));
  ExpectError(DataDirectory::Open(path + "/letter.txt", true).status(),
              StatusCode::kFailedPrecondition, {"not a directory"});
}

TEST(DataDirectory, RemainsOfAnEndedStartAreNoFiles) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  fs::create_directories(path + "/lost+found");
  Write(path + "/LOCK", "1234\n");
  Write(path + "/FORMAT.tmp", "sagit");
  EXPECT_OK(DataDirectory::Open(path, true).status());
}

TEST(DataDirectory, ANewerFormatIsRefusedNamingBothVersions) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  ASSERT_OK(DataDirectory::Open(path, true).status());
  Write(path + "/FORMAT", "sagitta-data 27\n");
  ExpectError(DataDirectory::Open(path, true).status(), StatusCode::kFailedPrecondition,
              {path + "/FORMAT", "27", "1 to 1"});
  EXPECT_EQ(Text(path + "/FORMAT"), "sagitta-data 27\n");
}

TEST(DataDirectory, ADamagedFormatIsDataLoss) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  ASSERT_OK(DataDirectory::Open(path, true).status());
  for (const char* text : {"", "sagitta-data 1", "sagitta-data \n", "sagitta-data 0\n",
                           "sagitta-data 1x\n", "sagitta-data -1\n", "tagitta-data 1\n",
                           "sagitta-data 99999999999999999999\n", "sagitta-data 1\n1\n"}) {
    Write(path + "/FORMAT", text);
    ExpectError(DataDirectory::Open(path, true).status(), StatusCode::kDataLoss,
                {path + "/FORMAT"});
  }
}

TEST(DataDirectory, ALostCatalogIsDataLossAndCostsNoCollection) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  const std::string collection = path + "/collections/0f0e0d0c-0b0a-4909-8807-060504030201";
  ASSERT_OK(DataDirectory::Open(path, true).status());
  fs::create_directory(collection);
  ExpectError(DataDirectory::Open(path, true).status(), StatusCode::kDataLoss, {path + "/catalog"});
  EXPECT_TRUE(fs::exists(collection));
}

TEST(DataDirectory, OrphansGoAndStrangersStay) {
  testing::TempDirectory temp;
  const std::string path = temp / "data";
  const std::string known = "0f0e0d0c-0b0a-4909-8807-060504030201";
  const std::string orphan = "0f0e0d0c-0b0a-4909-8807-060504030202";
  auto directory = DataDirectory::Open(path, true);
  ASSERT_OK(directory.status());
  for (const std::string& name : {known, orphan, std::string("notes")}) {
    fs::create_directories((*directory)->collection(name) + "/shard-0000/db");
  }
  EXPECT_OK((*directory)->RemoveOrphans({known}));
  EXPECT_THAT(NamesIn(path + "/collections"), ::testing::UnorderedElementsAre(known, "notes"));
}

}  // namespace
}  // namespace sagitta::database
