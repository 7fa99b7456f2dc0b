#include "server/methods.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <map>

#include "sagitta/v1/admin.pb.h"
#include "sagitta/v1/collections.pb.h"
#include "sagitta/v1/models.pb.h"
#include "sagitta/v1/points.pb.h"
#include "sagitta/v1/query.pb.h"

namespace sagitta::server {
namespace {

std::vector<const google::protobuf::FileDescriptor*> ServiceFiles() {
  return {v1::CollectionSchema::descriptor()->file(), v1::UpsertRequest::descriptor()->file(),
          v1::QueryRequest::descriptor()->file(), v1::GetStatsRequest::descriptor()->file(),
          v1::Model::descriptor()->file()};
}

TEST(Methods, EveryRpcOfTheWireHasAScope) {
  std::map<std::string, Scope> table;
  for (const MethodInfo& info : AllMethods()) {
    const std::string name = std::string(info.service) + "." + std::string(info.name);
    EXPECT_TRUE(table.emplace(name, info.scope).second) << name << " is there twice";
  }
  size_t rpcs = 0;
  for (const auto* file : ServiceFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m, ++rpcs) {
        const std::string name = file->service(s)->method(m)->full_name();
        EXPECT_TRUE(table.contains(name)) << name << " is not in the table";
      }
    }
  }
  EXPECT_EQ(rpcs, table.size()) << "the table has an RPC that the wire has not";
}

TEST(Methods, ScopesFollowWhatAMethodChanges) {
  // What changes schemas or files is admin, what changes points is write, the rest is read.
  for (const MethodInfo& info : AllMethods()) {
    const bool reads = info.name.starts_with("Get") || info.name.starts_with("List") ||
                       info.name.starts_with("Query") || info.name == "Scroll" ||
                       info.name == "Count";
    EXPECT_EQ(info.scope == Scope::kRead, reads) << info.name;
    if (!reads) {
      EXPECT_EQ(info.scope,
                info.service == "sagitta.v1.PointService" ? Scope::kWrite : Scope::kAdmin)
          << info.name;
    }
  }
}

}  // namespace
}  // namespace sagitta::server
