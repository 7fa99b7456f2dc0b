// Uses, refusals and the close of one collection, with a compactor that only takes notes.
#include "database/live_collection.h"

#include <gtest/gtest.h>

#include <thread>

#include "database/no_throw.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

class NotingCompactor final : public compactor::Compactor {
 public:
  void Add(std::shared_ptr<engine::CollectionCore>, std::string) override {}
  void Remove(const engine::CollectionCore*) override { ++removed; }
  void Wake() override {}
  void SetPaused(bool) override {}
  CompactionStatus Status() const override { return {}; }
  compactor::JobLog& log() override { return log_; }
  sagitta::Status Force(const engine::CollectionCore*) override { return {}; }
  sagitta::Status WaitIdle(const engine::CollectionCore*, const CancelToken&,
                           const std::function<void(double)>&) override {
    return {};
  }
  bool Idle(const engine::CollectionCore*) const override { return true; }

  std::atomic<int> removed{0};

 private:
  compactor::JobLog log_;
};

class LiveCollectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    context_.store = store::StoreResources::Create(32 << 20, 2);
    context_.memory = &memory_;
    context_.search_pool = &pool_;
    std::filesystem::create_directory(directory_ / "films");
    auto core = engine::CollectionCore::Open(directory_ / "films", SchemaOf("films"), context_,
                                             /*create=*/true);
    ASSERT_OK(core.status());
    core_ = *core;
    collection_ = std::make_shared<LiveCollection>("uuid", directory_ / "films", SchemaOf("films"),
                                                   std::move(*core), Status());
  }

  testing::TempDirectory directory_;
  base::MemoryBudget memory_{1 << 30};
  base::ThreadPool pool_{"search", 2, 64};
  engine::EngineContext context_;
  NotingCompactor compactor_;
  std::weak_ptr<engine::CollectionCore> core_;
  std::shared_ptr<LiveCollection> collection_;
};

TEST_F(LiveCollectionTest, CloseWaitsForUsesAndClosesTheShards) {
  std::atomic<bool> closed{false};
  std::thread closer;
  {
    auto use = collection_->Begin();
    ASSERT_OK(use.status());
    collection_->Refuse(Status::NotFound("dropped"));
    ExpectError(collection_->Begin().status(), StatusCode::kNotFound, {"dropped"});
    closer = std::thread([&] {
      collection_->Close(compactor_);
      closed = true;
    });
    while (compactor_.removed == 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(closed);
    EXPECT_OK(use->core().Count({}, {}).status()) << "a use keeps what it uses";
    EXPECT_EQ(collection_->closing().Check().code(), StatusCode::kCancelled);
  }
  closer.join();
  EXPECT_TRUE(core_.expired());
  EXPECT_EQ(collection_->schema()->name, "films");
}

TEST_F(LiveCollectionTest, TheFirstReasonStays) {
  collection_->Refuse(Status::NotFound("dropped"));
  collection_->Refuse(Status::Unavailable("closed"));
  ExpectError(collection_->Begin().status(), StatusCode::kNotFound, {"dropped"});
  collection_->Close(compactor_);
}

TEST_F(LiveCollectionTest, ExplainsErrorsThatARefusalMade) {
  const Status unavailable = Status::Unavailable("stopped");
  EXPECT_EQ(collection_->Explain(unavailable).message(), "stopped");
  collection_->Refuse(Status::NotFound("dropped"));
  EXPECT_EQ(collection_->Explain(unavailable).message(), "dropped");
  EXPECT_EQ(collection_->Explain(Status::InvalidArgument("k", "is 0")).field(), "k");
  EXPECT_OK(collection_->Explain(Status::Ok()));
  collection_->Close(compactor_);
}

TEST_F(LiveCollectionTest, ADamagedOneSaysWhy) {
  LiveCollection damaged("uuid", "nowhere", SchemaOf("bad"), nullptr, Status::DataLoss("flipped"));
  ExpectError(damaged.Begin().status(), StatusCode::kDataLoss, {"flipped"});
  damaged.Refuse(Status::NotFound("dropped"));
  damaged.Close(compactor_);
  EXPECT_EQ(compactor_.removed, 0);
  ExpectError(damaged.Begin().status(), StatusCode::kNotFound, {"dropped"});
  collection_->Refuse(Status::NotFound("dropped"));
  collection_->Close(compactor_);
}

TEST(NoThrow, TurnsExceptionsIntoStatuses) {
  ExpectError(NoThrow([]() -> Status { throw std::bad_alloc(); }), StatusCode::kResourceExhausted,
              {"memory"});
  ExpectError(NoThrow([]() -> Result<int> { throw std::runtime_error("boom"); }).status(),
              StatusCode::kInternal, {"boom"});
  EXPECT_EQ(*NoThrow([]() -> Result<int> { return 7; }), 7);
}

}  // namespace
}  // namespace sagitta::database
