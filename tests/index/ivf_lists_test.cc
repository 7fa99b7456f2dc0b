#include "index/ivf_lists.h"

#include <gtest/gtest.h>

#include "index_testing.h"

namespace sagitta::index {
namespace {

TEST(FillLists, SortsRowsByTheirLists) {
  IvfAssignment lists;
  FillLists({2, 0, 2, 3, 0, 2}, 5, &lists);
  EXPECT_EQ(lists.offsets, (std::vector<uint64_t>{0, 2, 2, 5, 6, 6}));
  EXPECT_EQ(lists.positions, (std::vector<uint32_t>{1, 4, 0, 2, 5, 3}));
}

class IvfListsTest : public ::testing::Test {
 protected:
  IvfListsTest() : data_(6, 2, Metric::kL2) {
    FillLists({2, 0, 2, 1, 0, 2}, 3, &lists_);
    lists_.centroids = {0, 1, 2, 3, 4, 5};
    header_.kind = static_cast<uint32_t>(IndexKind::kIvfFlat);
    header_.n = 6;
    header_.dim = 2;
    header_.nlist = 3;
    header_.metric = static_cast<uint32_t>(Metric::kL2);
  }

  Result<IvfLists> WriteAndOpen(IndexKind kind = IndexKind::kIvfFlat) {
    SAGITTA_ASSIGN_OR_RETURN(auto writer, base::SectionFileWriter::Create(temp_ / "lists"));
    SAGITTA_RETURN_IF_ERROR(WriteIvfLists(header_, lists_, "a.", writer.get()));
    SAGITTA_RETURN_IF_ERROR(writer->Finish());
    SAGITTA_ASSIGN_OR_RETURN(file_, base::SectionFileReader::Open(temp_ / "lists"));
    return IvfLists::Open(kind, data_.rows(), "a.", *file_);
  }

  const sagitta::testing::TempDirectory temp_;
  TestRows data_;
  IvfHeader header_;
  IvfAssignment lists_;
  std::unique_ptr<base::SectionFileReader> file_;
};

TEST_F(IvfListsTest, ComeBackAsTheyWere) {
  const auto opened = WriteAndOpen();
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->nlist(), 3u);
  EXPECT_EQ(reinterpret_cast<const float*>(opened->centroids().row(1))[1], 3);
  EXPECT_EQ(opened->Begin(2), 3u);
  EXPECT_EQ(opened->End(2), 6u);
  EXPECT_EQ(opened->positions()[3], 0u);
}

TEST_F(IvfListsTest, WhatIsNoPartitionOfTheRowsIsDataLoss) {
  lists_.positions[0] = lists_.positions[1];
  EXPECT_EQ(WriteAndOpen().status().code(), StatusCode::kDataLoss);
  lists_.positions[0] = 6;
  EXPECT_EQ(WriteAndOpen().status().code(), StatusCode::kDataLoss);
  lists_.positions[0] = 1;
  ASSERT_TRUE(WriteAndOpen().ok());
  lists_.offsets[1] = 5;
  EXPECT_EQ(WriteAndOpen().status().code(), StatusCode::kDataLoss);
  lists_.offsets[1] = 2;
  lists_.centroids[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(WriteAndOpen().status().code(), StatusCode::kDataLoss);
  lists_.centroids[4] = 4;
  header_.metric = static_cast<uint32_t>(Metric::kL1);
  EXPECT_EQ(WriteAndOpen().status().code(), StatusCode::kDataLoss);
}

TEST_F(IvfListsTest, CentroidsOfBitsAreBits) {
  data_ = TestRows(6, 11, Metric::kHamming, Dtype::kBits);
  lists_.centroids.clear();
  lists_.bit_centroids = {1, 0, 2, 7, 3, 0};
  header_.kind = static_cast<uint32_t>(IndexKind::kBinaryIvf);
  header_.dim = 11;
  header_.metric = static_cast<uint32_t>(Metric::kHamming);
  const auto opened = WriteAndOpen(IndexKind::kBinaryIvf);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->centroids().dtype, Dtype::kBits);
  EXPECT_EQ(std::to_integer<int>(opened->centroids().row(1)[1]), 7);
  lists_.bit_centroids[5] = 8;  // bit 11 of the last
  EXPECT_EQ(WriteAndOpen(IndexKind::kBinaryIvf).status().code(), StatusCode::kDataLoss);
  lists_.bit_centroids.pop_back();
  EXPECT_EQ(WriteAndOpen(IndexKind::kBinaryIvf).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sagitta::index
