// Collections that go, and databases that close, while other threads use them.
#include <gtest/gtest.h>

#include <thread>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

class DropTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_ / "data");
    ASSERT_NE(database_, nullptr);
    CollectionSchema schema = SchemaOf("films");
    schema.compaction.seal_rows = 64;
    auto films = database_->CreateCollection(schema);
    ASSERT_OK(films.status());
    films_ = *films;
    ASSERT_OK(Insert(*films_, 1, 200));
  }

  // Threads that use the collection until a call fails, which must be with `code`.
  void StartUsers(StatusCode code) {
    const auto until_refused = [this, code](const std::function<Status(uint64_t)>& call) {
      Status status;
      for (uint64_t i = 0; status.ok(); ++i) status = call(i);
      EXPECT_EQ(status.code(), code) << status.ToString();
      ++ended_;
    };
    const std::function<Status(uint64_t)> calls[] = {
        [this](uint64_t i) { return Insert(*films_, 1 + i * 8, 8); },
        [this](uint64_t i) { return SearchFor(*films_, i % 200).status(); },
        [this](uint64_t) { return films_->Count(Filter::Equals("color", "red"), {}).status(); },
        [this](uint64_t) { return films_->Scroll(ScrollRequest(), {}).status(); },
        [this](uint64_t i) {
          return i % 2 == 0 ? films_->CreatePayloadIndex({"n", PayloadIndexKind::kInt64})
                            : films_->DropPayloadIndex("n");
        },
        [this](uint64_t) { return films_->CreateSnapshot().status(); },
        [this](uint64_t) { return films_->WaitIndexed({}, {}); },
        [this](uint64_t) { return films_->Stats().status(); },
    };
    for (const auto& call : calls) users_.emplace_back(until_refused, call);
  }
  void JoinUsers() {
    for (std::thread& user : users_) user.join();
    EXPECT_EQ(ended_, 8);
    users_.clear();
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> films_;
  std::vector<std::thread> users_;
  std::atomic<int> ended_{0};
};

TEST_F(DropTest, EndsCallsThatRunAndRemovesTheFiles) {
  StartUsers(StatusCode::kNotFound);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_OK(database_->DropCollection("films"));
  EXPECT_TRUE(NamesIn(directory_ / "data/collections").empty());
  JoinUsers();
  EXPECT_EQ(films_->Schema().name, "films") << "a handle still says what it was";
  ExpectError(films_->Compact(), StatusCode::kNotFound, {"'films'", "dropped"});
  // The name is free, and the old handle does not lead to the new collection.
  auto again = database_->CreateCollection(SchemaOf("films"));
  ASSERT_OK(again.status());
  EXPECT_EQ(CountOf(**again), 0u);
  ExpectError(films_->Count({}, {}).status(), StatusCode::kNotFound);
}

TEST_F(DropTest, OfTwoAtOnceOneFindsNothing) {
  std::atomic<int> dropped{0}, missing{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      const Status status = database_->DropCollection("films");
      if (status.ok()) ++dropped;
      if (status.code() == StatusCode::kNotFound) ++missing;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(missing, 2);
}

TEST_F(DropTest, ClosingTheDatabaseEndsCallsOfHandles) {
  StartUsers(StatusCode::kUnavailable);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  database_.reset();
  JoinUsers();
  ExpectError(films_->Count({}, {}).status(), StatusCode::kUnavailable, {"closed"});
  ExpectError(Insert(*films_, 1, 1), StatusCode::kUnavailable, {"closed"});
  EXPECT_EQ(films_->Schema().name, "films");
  database_ = MustOpen(directory_ / "data");
  EXPECT_GE(CountOf(**database_->GetCollection("films")), 200u);
}

TEST_F(DropTest, ADroppedHandleSaysSoAfterTheCloseToo) {
  ASSERT_OK(database_->DropCollection("films"));
  database_.reset();
  ExpectError(films_->Count({}, {}).status(), StatusCode::kNotFound);
}

TEST_F(DropTest, CollectionsComeAndGoWhileOthersServe) {
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      for (const CollectionSchema& schema : database_->ListCollections()) {
        const auto collection = database_->GetCollection(schema.name);
        if (!collection.ok()) continue;  // dropped meanwhile
        const Status status = (*collection)->Count({}, {}).status();
        EXPECT_TRUE(status.ok() || status.code() == StatusCode::kNotFound) << status.ToString();
      }
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const std::string name = "c" + std::to_string(t) + "-" + std::to_string(i);
        auto collection = database_->CreateCollection(SchemaOf(name, 1));
        ASSERT_OK(collection.status());
        ASSERT_OK(Insert(**collection, 1, 10));
        ASSERT_OK(database_->SetAlias("a" + std::to_string(t), name));
        if (i % 2 == 0) {
          ASSERT_OK(database_->DropCollection(name));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  reader.join();
  EXPECT_EQ(database_->ListCollections().size(), 5u);
  EXPECT_EQ(CountOf(*films_), 200u);
}

}  // namespace
}  // namespace sagitta::database
