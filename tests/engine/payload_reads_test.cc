#include "engine/payload_reads.h"

#include "filter/payload_codec.h"
#include "tests/engine/read_world.h"

namespace sagitta::engine {
namespace {

class PayloadReadsTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kRows = 3000;

  // Row i is there unless i is a multiple of 5, and has a payload unless it is one of 7.
  void SetUp() override {
    auto opened =
        store::ShardStore::Open(directory_ / "store", store::StoreResources::Create(8u << 20, 1));
    ASSERT_OK(opened.status());
    view_.store = std::move(*opened);
    auto batch = view_.store->NewBatch();
    for (uint64_t i = 1; i <= kRows; ++i) {
      if (i % 5 != 0) batch->PutPoint(PointId(i).Encode(), i, i, 0, {}, PayloadOf(i));
    }
    ASSERT_OK(view_.store->Commit(*batch, false));
    view_.at = view_.store->Snapshot();
    // What is written later is not seen.
    auto later = view_.store->NewBatch();
    later->PutPoint(PointId(uint64_t{5}).Encode(), 5, kRows + 1, 0, {}, "later");
    later->DeleteRow(PointId(uint64_t{6}).Encode(), {6, 6, 0}, 0, true);
    ASSERT_OK(view_.store->Commit(*later, false));
  }

  static std::string PayloadOf(uint64_t id) {
    return id % 7 == 0 || id > kRows ? "" : "payload " + std::to_string(id);
  }

  void ExpectAll(const std::vector<uint64_t>& ids) {
    size_t next = 0;
    ASSERT_OK(VisitPayloads(view_, ids, [&](size_t i, std::string_view payload) {
      EXPECT_EQ(i, next++);
      EXPECT_EQ(payload, ids[i] % 5 == 0 ? "" : PayloadOf(ids[i])) << ids[i];
      return Status::Ok();
    }));
    EXPECT_EQ(next, ids.size());
  }

  testing::TempDirectory directory_;
  ShardView view_;
};

TEST_F(PayloadReadsTest, VisitsEachInOrder) {
  ExpectAll({});
  ExpectAll({6});
  for (const uint64_t step : {1, 3, 17, 400}) {  // close together and far apart
    std::vector<uint64_t> ids;
    for (uint64_t id = 1; id <= kRows + 50; id += step) ids.push_back(id);
    ExpectAll(ids);
  }
}

TEST_F(PayloadReadsTest, EndsWhenVisitSaysSo) {
  for (const uint64_t step : {1, 100}) {
    std::vector<uint64_t> ids;
    for (uint64_t id = 1; id <= kRows; id += step) ids.push_back(id);
    size_t visits = 0;
    const Status status = VisitPayloads(view_, ids, [&](size_t, std::string_view) {
      return ++visits == 4 ? Status(StatusCode::kCancelled, "enough") : Status::Ok();
    });
    EXPECT_EQ(status.code(), StatusCode::kCancelled);
    EXPECT_EQ(visits, 4u);
  }
}

}  // namespace
}  // namespace sagitta::engine
