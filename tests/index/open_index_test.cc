// Damaged and hostile sections: their checksums are right, so only OpenIndex's own checks stand
// between them and a read outside the mapping. Run under the address sanitizer this is the proof.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "index/hnsw_links.h"
#include "index/ivf_lists.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

using Sections = std::map<std::string, std::string>;

Sections ReadSections(const base::SectionFileReader& file) {
  Sections sections;
  for (const auto& info : file.sections()) {
    const auto bytes = file.Section(info.name);
    sections[info.name].assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  }
  return sections;
}

class OpenIndexTest : public ::testing::TestWithParam<IndexKind> {
 protected:
  OpenIndexTest() : data_(MakeRows(GetParam())) {
    params_.kind = GetParam();
    params_.hnsw = {.m = 4, .ef_construction = 20, .ef_search = 8};
    params_.ivf.nlist = 30;
    params_.graph = {.degree = 8, .build_width = 20, .ef_search = 8};
    built_ = Build(data_.rows(), params_);
    sections_ = ReadSections(*built_->file);
  }

  static TestRows MakeRows(IndexKind kind) {
    if (IsBinary(kind)) return TestRows(2500, 30, Metric::kHamming, Dtype::kBits);
    return TestRows(2500, kind == IndexKind::kGraph ? 300 : 8, Metric::kL2);
  }

  // Writes `sections` and opens the index; on success searches it. True when it opened.
  Result<bool> Try(const Sections& sections) {
    const std::string path = temp_ / std::to_string(++files_);
    SAGITTA_ASSIGN_OR_RETURN(auto writer, base::SectionFileWriter::Create(path));
    for (const auto& [name, content] : sections) {
      SAGITTA_RETURN_IF_ERROR(writer->WriteString(name, content));
    }
    SAGITTA_RETURN_IF_ERROR(writer->Finish());
    SAGITTA_ASSIGN_OR_RETURN(auto file, base::SectionFileReader::Open(path));
    SAGITTA_RETURN_IF_ERROR(base::RemoveFile(path));  // the mapping stays
    SAGITTA_ASSIGN_OR_RETURN(auto index, OpenIndex(GetParam(), params_, data_.rows(), "f.", *file));
    const RandomFilter filter(data_.rows().n, 0.7);
    for (int q = 0; q < 6; ++q) {
      const std::vector<float> vector = data_.Draw();
      IndexQuery query;
      query.vector = vector.data();
      if (q % 2 == 1) query.filter = filter.filter();
      std::vector<Candidate> found;
      uint64_t distances = 0;
      SAGITTA_RETURN_IF_ERROR(index->Search(query, &found, &distances));
      for (const Candidate& candidate : found) EXPECT_LT(candidate.position, data_.rows().n);
    }
    return true;
  }

  void ExpectDataLoss(const Sections& sections, const std::string& what) {
    const auto opened = Try(sections);
    ASSERT_FALSE(opened.ok()) << what << " was not noticed";
    EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss) << what << opened.status().ToString();
  }

  const sagitta::testing::TempDirectory temp_;
  int files_ = 0;
  TestRows data_;
  IndexParams params_;
  std::unique_ptr<BuiltIndex> built_;
  Sections sections_;
};

TEST_P(OpenIndexTest, SoundSectionsOpen) {
  const auto opened = Try(sections_);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
}

TEST_P(OpenIndexTest, MissingAndResizedSectionsAreDataLoss) {
  for (const auto& [name, content] : sections_) {
    Sections bad = sections_;
    bad.erase(name);
    ExpectDataLoss(bad, name + " missing");
    for (const size_t size : {size_t{0}, content.size() / 2, content.size() - 1, content.size() + 1,
                              content.size() + 64}) {
      bad = sections_;
      if (size == content.size()) continue;
      bad[name].resize(size);
      ExpectDataLoss(bad, name + " resized");
    }
  }
}

TEST_P(OpenIndexTest, RandomDamageIsDataLossOrHarmless) {
  std::mt19937 random(9);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    Sections bad = sections_;
    auto it = std::next(bad.begin(), static_cast<long>(random() % bad.size()));
    std::string& content = it->second;
    if (content.empty()) continue;
    const int edits = 1 + static_cast<int>(random() % 4);
    for (int e = 0; e < edits; ++e) {
      // Whole words, often extreme: that is what indexes something.
      const uint32_t words[] = {0,          1,          0xFFFFFFFF,
                                0x7FFFFFFF, 0x80000000, static_cast<uint32_t>(random()),
                                2499,       2500,       2501};
      const uint32_t word = words[random() % std::size(words)];
      const size_t at = random() % content.size() / 4 * 4;
      std::memcpy(content.data() + at, &word, std::min<size_t>(4, content.size() - at));
    }
    const auto opened = Try(bad);
    if (opened.ok()) continue;
    ++refused;
    EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss) << opened.status().ToString();
  }
  EXPECT_GT(refused, 20);
}

// Every bit of the headers, which say how long everything else is.
TEST_P(OpenIndexTest, EveryFlippedBitOfAHeaderIsDataLossOrHarmless) {
  std::string name = sections_.contains("f.hnsw.header") ? "f.hnsw.header" : "f.ivf.header";
  if (GetParam() == IndexKind::kGraph) name = "f.graph.header";
  if (GetParam() == IndexKind::kFlatCodes) name = "f.codec.header";
  const size_t bytes = sections_.at(name).size();
  ASSERT_EQ(bytes, 64u);
  int refused = 0;
  for (size_t bit = 0; bit < 8 * bytes; ++bit) {
    Sections bad = sections_;
    char& byte = bad[name][bit / 8];
    byte = static_cast<char>(byte ^ 1 << bit % 8);
    const auto opened = Try(bad);
    if (opened.ok()) continue;
    ++refused;
    ASSERT_EQ(opened.status().code(), StatusCode::kDataLoss) << opened.status().ToString();
    EXPECT_NE(opened.status().message().find("f."), std::string::npos)
        << "names no section: " << opened.status().ToString();
  }
  EXPECT_GT(refused, 32 * 6) << "six numbers of four bytes are checked at the least";
}

TEST_P(OpenIndexTest, RandomFlippedBitsAreDataLossOrHarmless) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Sections bad = sections_;
    std::string& content = std::next(bad.begin(), static_cast<long>(random() % bad.size()))->second;
    for (int flips = 0; flips < 3; ++flips) {
      const size_t bit = random() % (8 * content.size());
      content[bit / 8] = static_cast<char>(content[bit / 8] ^ 1 << bit % 8);
    }
    const auto opened = Try(bad);
    if (opened.ok()) continue;
    ASSERT_EQ(opened.status().code(), StatusCode::kDataLoss) << opened.status().ToString();
  }
}

TEST_P(OpenIndexTest, AnotherSegmentsRowsAreDataLoss) {
  VectorRows rows = data_.rows();
  rows.n -= 1;
  auto opened = OpenIndex(GetParam(), params_, rows, "f.", *built_->file);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss);
  opened = OpenIndex(IndexKind::kBinary, params_, data_.rows(), "f.", *built_->file);
  ASSERT_FALSE(opened.ok());
}

TEST_P(OpenIndexTest, KindsOfAnotherDtypeAreDataLoss) {
  for (const IndexKind kind :
       {IndexKind::kFlat, IndexKind::kHnsw, IndexKind::kIvfFlat, IndexKind::kIvfPq,
        IndexKind::kGraph, IndexKind::kBinaryFlat, IndexKind::kBinaryHnsw, IndexKind::kBinaryIvf}) {
    if (IsBinary(kind) == IsBinary(GetParam())) continue;
    const auto opened = OpenIndex(kind, params_, data_.rows(), "f.", *built_->file);
    EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss) << static_cast<int>(kind);
  }
}

TEST_P(OpenIndexTest, FlatNeedsNoSections) {
  const IndexKind flat = FlatKind(data_.rows().dtype);
  const auto opened = OpenIndex(flat, params_, data_.rows(), "x.", *built_->file);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->kind(), flat);
  EXPECT_EQ((*opened)->MappedBytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, OpenIndexTest,
                         ::testing::Values(IndexKind::kHnsw, IndexKind::kIvfFlat, IndexKind::kIvfPq,
                                           IndexKind::kGraph, IndexKind::kBinaryHnsw,
                                           IndexKind::kBinaryIvf, IndexKind::kFlatCodes,
                                           IndexKind::kIvfCodes));

}  // namespace
}  // namespace sagitta::index
