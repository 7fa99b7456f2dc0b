#include "server/upsert.h"

#include <algorithm>

#include "server/convert_write.h"

namespace sagitta::server {
namespace {

// What a column without a field name means.
std::string OnlyField(const v1::UpsertRequest& in, const Collection& collection) {
  const bool asked = std::ranges::any_of(in.columns().vectors(),
                                         [](const auto& column) { return column.field().empty(); });
  if (!asked) return {};
  const CollectionSchema schema = collection.Schema();
  return schema.fields.size() == 1 ? schema.fields[0].name : std::string();
}

}  // namespace

Result<WriteResult> ApplyUpsert(Call& call, v1::UpsertRequest& in) {
  SAGITTA_ASSIGN_OR_RETURN(WriteOptions options, FromProto(in.options()));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  SAGITTA_ASSIGN_OR_RETURN(auto points, FromProto(in, OnlyField(in, *collection)));
  SAGITTA_ASSIGN_OR_RETURN(WriteResult result, collection->Upsert(std::move(points), options));
  if (!result.replayed) call.state.metrics().RecordPointsWritten(result.affected);
  return result;
}

}  // namespace sagitta::server
