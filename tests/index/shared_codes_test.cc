#include "index/shared_codes.h"

#include <gtest/gtest.h>

#include <set>

#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kRows = 6'000;
constexpr uint32_t kDim = 32;

IndexParams Codes(IndexKind kind, float near) {
  IndexParams params;
  params.kind = kind;
  params.codec = {.kind = CodecKind::kScalar, .near_duplicates = near};
  return params;
}

// Two of three rows repeat one of the first third, moved by `noise` in every element.
TestRows Repeating(float noise, Metric metric = Metric::kL2) {
  TestRows data(kRows, kDim, metric);
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, noise);
  for (size_t i = kRows / 3; i < kRows; ++i) {
    std::memcpy(data.mutable_row(i), data.rows().row(random() % (kRows / 3)), data.rows().stride());
    auto* row = reinterpret_cast<float*>(data.mutable_row(i));
    for (uint32_t d = 0; noise > 0 && d < kDim; ++d) row[d] += normal(random);
  }
  return data;
}

SharedCodes Share(const VectorRows& rows, float near, std::vector<uint64_t> offsets = {0, kRows},
                  const std::vector<uint32_t>& positions = {}) {
  SharedCodes shared;
  const Status status = ShareCodes(rows, {offsets, positions}, near, {}, &shared);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return shared;
}

TEST(SharedCodes, EqualRowsShareAndNoOthers) {
  const TestRows data = Repeating(0);
  const SharedCodes shared = Share(data.rows(), 0);
  EXPECT_EQ(shared.slots(), kRows / 3);
  EXPECT_TRUE(shared.Saves(kDim));
  EXPECT_FALSE(shared.Saves(4)) << "the lists take more";
  std::set<uint32_t> members(shared.members.begin(), shared.members.end());
  EXPECT_EQ(members.size(), kRows);
  for (size_t slot = 0; slot < shared.slots(); ++slot) {
    const std::byte* first = data.rows().row(shared.members[shared.member_offsets[slot]]);
    for (uint32_t m = shared.member_offsets[slot]; m < shared.member_offsets[slot + 1]; ++m) {
      ASSERT_EQ(std::memcmp(first, data.rows().row(shared.members[m]), data.rows().stride()), 0);
    }
  }
  const TestRows different(kRows, kDim, Metric::kL2);
  EXPECT_EQ(Share(different.rows(), 0).slots(), kRows);
  EXPECT_FALSE(Share(different.rows(), 0).Saves(1000));
}

TEST(SharedCodes, NearRowsShareUpToTheDistanceAskedFor) {
  const TestRows data = Repeating(0.02f);
  EXPECT_EQ(Share(data.rows(), 0).slots(), kRows);
  const SharedCodes shared = Share(data.rows(), 0.1f);
  EXPECT_LT(shared.slots(), kRows / 2) << "most are found";
  EXPECT_GE(shared.slots(), kRows / 3 * 9 / 10) << "others are apart";
  // Of the standard deviation, which is that of centres and rows around them.
  const double most = 0.1 * std::sqrt(kDim * (1 + 0.16)) * 1.1;
  for (size_t slot = 0; slot < shared.slots(); ++slot) {
    const auto first = data.RowAsDoubles(shared.members[shared.member_offsets[slot]]);
    for (uint32_t m = shared.member_offsets[slot]; m < shared.member_offsets[slot + 1]; ++m) {
      const auto row = data.RowAsDoubles(shared.members[m]);
      double squares = 0;
      for (uint32_t d = 0; d < kDim; ++d) squares += (row[d] - first[d]) * (row[d] - first[d]);
      ASSERT_LE(std::sqrt(squares), most);
    }
  }
}

TEST(SharedCodes, RowsOfOtherListsDoNotShare) {
  const TestRows data = Repeating(0);
  std::vector<uint32_t> positions(kRows);
  for (uint32_t i = 0; i < kRows; ++i) positions[i] = kRows - 1 - i;
  const std::vector<uint64_t> offsets = {0, 1'000, 1'000, 4'000, kRows};
  const SharedCodes shared = Share(data.rows(), 0, offsets, positions);
  ASSERT_EQ(shared.run_offsets.size(), offsets.size());
  for (size_t run = 0; run < offsets.size(); ++run) {
    EXPECT_EQ(shared.member_offsets[shared.run_offsets[run]], offsets[run]);
  }
  for (size_t m = 0; m < kRows; ++m) {
    const size_t entry = kRows - 1 - shared.members[m];
    const auto run_of = [&](size_t i) {
      return std::upper_bound(offsets.begin(), offsets.end(), i) - offsets.begin();
    };
    ASSERT_EQ(run_of(entry), run_of(m));
  }
}

// Answers rank all rows by their own vectors, so that nothing is lost by it.
TEST(SharedCodes, IndexesFindEveryRowOfACode) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const float noise : {0.0f, 0.02f}) {
      if (noise > 0 && metric == Metric::kCosine) continue;  // it would not stay of length one
      TestRows data = Repeating(noise, metric);
      for (const IndexKind kind : {IndexKind::kFlatCodes, IndexKind::kIvfCodes}) {
        const auto built = Build(data.rows(), Codes(kind, 0.1f));
        ASSERT_NE(built, nullptr);
        EXPECT_TRUE(built->file->Has("f.codec.members"));
        const auto codes = built->file->Section("f.codec.codes");
        EXPECT_LT(codes->size(), kRows * kDim * 2 / 3);
        IndexQuery query;
        query.k = 30;
        EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.97);
        for (const double share : {0.5, 0.02}) {
          const RandomFilter filter(kRows, share);
          query.filter = filter.filter();
          EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.97) << share;
        }
      }
    }
  }
}

TEST(SharedCodes, ManyOfTheSameAreNotAllLookedAt) {
  TestRows data(kRows, kDim, Metric::kL2);
  for (size_t i = 100; i < kRows; ++i) {
    std::memcpy(data.mutable_row(i), data.rows().row(0), data.rows().stride());
  }
  const auto built = Build(data.rows(), Codes(IndexKind::kFlatCodes, 0));
  const auto* same = reinterpret_cast<const float*>(data.rows().row(0));
  const std::vector<float> vector(same, same + kDim);
  IndexQuery query;
  query.vector = vector.data();
  std::vector<Candidate> found;
  uint64_t distances = 0;
  ASSERT_TRUE(built->index->Search(query, &found, &distances).ok());
  ASSERT_EQ(found.size(), 10u);
  for (const Candidate& candidate : found) EXPECT_NEAR(candidate.key, 0.0f, 1e-4f);
  EXPECT_LT(distances, 500u);
}

TEST(SharedCodes, IsNotThereWhereItDoesNotPay) {
  TestRows data(kRows, kDim, Metric::kL2);
  const auto built = Build(data.rows(), Codes(IndexKind::kFlatCodes, 0));
  EXPECT_FALSE(built->file->Has("f.codec.members"));
}

// What was written opens; with any number of it changed it is refused.
class SharedCodesFile : public ::testing::Test {
 protected:
  Status Reopen(const std::function<void(SharedCodes*)>& change) {
    SharedCodes shared{{0, 2, 3}, {0, 2, 3, 5}, {4, 0, 2, 1, 3}};
    change(&shared);
    const sagitta::testing::TempDirectory temp;
    auto writer = base::SectionFileWriter::Create(temp / "shared");
    EXPECT_TRUE(WriteSharedCodes(shared, "f.", writer->get()).ok());
    EXPECT_TRUE((*writer)->Finish().ok());
    auto file = base::SectionFileReader::Open(temp / "shared");
    const std::vector<uint64_t> offsets = {0, 3, 5};
    return SharedCodesView::Open(offsets, 3, "f.", **file).status();
  }
};

TEST_F(SharedCodesFile, IsChecked) {
  EXPECT_TRUE(Reopen([](SharedCodes*) {}).ok());
  const std::vector<std::function<void(SharedCodes*)>> changes = {
      [](auto* s) { s->members[3] = 5; },
      [](auto* s) { s->members[3] = 4; },
      [](auto* s) { s->members.pop_back(); },
      [](auto* s) { s->member_offsets[1] = 0; },
      [](auto* s) { s->member_offsets[3] = 6; },
      [](auto* s) { s->member_offsets[2] = 4; },
      [](auto* s) { s->member_offsets.push_back(6); },
      [](auto* s) { s->run_offsets[0] = 1; },
      [](auto* s) { s->run_offsets[1] = 9; },
      [](auto* s) { s->run_offsets[2] = 2; },
      [](auto* s) { s->run_offsets.pop_back(); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    const Status status = Reopen(changes[i]);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << i << ": " << status.ToString();
  }
}

}  // namespace
}  // namespace sagitta::index
