#include "store/rocks_status.h"

#include <gtest/gtest.h>

namespace sagitta::store {
namespace {

TEST(RocksStatusTest, EachKindHasItsCodeAndNamesTheStore) {
  const struct {
    rocksdb::Status from;
    StatusCode to;
  } cases[] = {
      {rocksdb::Status::Corruption("bad block in /db/000012.sst"), StatusCode::kDataLoss},
      {rocksdb::Status::NoSpace(), StatusCode::kResourceExhausted},
      {rocksdb::Status::IOError("While lock file: /db/LOCK", "taken"),
       StatusCode::kFailedPrecondition},
      {rocksdb::Status::IOError("lock hold by current process", "/db/LOCK"),
       StatusCode::kFailedPrecondition},
      {rocksdb::Status::PathNotFound("/db/000012.sst"), StatusCode::kDataLoss},
      {rocksdb::Status::IOError("fsync", "Input/output error"), StatusCode::kUnavailable},
      {rocksdb::Status::NotFound(), StatusCode::kNotFound},
      {rocksdb::Status::InvalidArgument("comparator"), StatusCode::kFailedPrecondition},
      {rocksdb::Status::ShutdownInProgress(), StatusCode::kUnavailable},
      {rocksdb::Status::Busy(), StatusCode::kUnavailable},
      {rocksdb::Status::NotSupported("compression"), StatusCode::kUnimplemented},
      {rocksdb::Status::Aborted(), StatusCode::kInternal},
  };
  for (const auto& each : cases) {
    const Status status = FromRocks(each.from, "shard /db");
    EXPECT_EQ(status.code(), each.to) << each.from.ToString();
    EXPECT_EQ(status.message(), "shard /db: " + each.from.ToString());
  }
  EXPECT_TRUE(FromRocks(rocksdb::Status::OK(), "shard /db").ok());
}

TEST(RocksStatusTest, SlicesAndViewsShareTheirBytes) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(ToView(ToSlice(text)), text);
  EXPECT_EQ(ToSlice(text).data(), text.data());
}

}  // namespace
}  // namespace sagitta::store
