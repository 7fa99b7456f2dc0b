#include "database/schema_change.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/names.h"

namespace sagitta::database {
namespace {

constexpr size_t kMaxIndexes = 64;
constexpr size_t kShownBytes = 64;  // of what a caller sent, in messages

std::string Item(const char* list, size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

std::string Quoted(std::string_view text) { return Value(text.substr(0, kShownBytes)).ToJson(); }

// The same error, its field's path starting with `to` where it started with `from`.
Status Renamed(const Status& status, const std::string& from, const std::string& to) {
  if (!status.field().starts_with(from)) return status;
  return Status::InvalidArgument(to + status.field().substr(from.size()), status.message());
}

// As Validate() checks an index that is in a schema.
Status CheckIndex(const PayloadIndex& index) {
  CollectionSchema schema;
  schema.name = "any";
  VectorField& field = schema.fields.emplace_back();
  field.name = "any";
  field.dim = 1;
  schema.indexes.push_back(index);
  return Renamed(schema.Validate(), "indexes[0]", "index");
}

}  // namespace

Result<CollectionSchema> WithUpdate(const CollectionSchema& schema,
                                    const CollectionUpdate& update) {
  CollectionSchema changed = schema;
  std::set<std::string_view> names;
  for (size_t i = 0; i < update.fields.size(); ++i) {
    const CollectionUpdate::Field& wanted = update.fields[i];
    const std::string at = Item("fields", i);
    const auto field = std::find_if(changed.fields.begin(), changed.fields.end(),
                                    [&](const auto& f) { return f.name == wanted.name; });
    if (field == changed.fields.end()) {
      return Status::InvalidArgument(
          at + ".name", Quoted(wanted.name) + " is no vector field of '" + schema.name + "'");
    }
    if (!names.insert(wanted.name).second) {
      return Status::InvalidArgument(at + ".name", Quoted(wanted.name) + " is there twice");
    }
    field->index = wanted.index;
    const size_t place = static_cast<size_t>(field - changed.fields.begin());
    SAGITTA_RETURN_IF_ERROR(Renamed(changed.Validate(), Item("fields", place), at));
  }
  if (update.set_compaction) changed.compaction = update.compaction;
  SAGITTA_RETURN_IF_ERROR(changed.Validate());
  return changed;
}

Result<std::optional<CollectionSchema>> WithIndex(const CollectionSchema& schema,
                                                  const PayloadIndex& index) {
  SAGITTA_RETURN_IF_ERROR(CheckIndex(index));
  for (const PayloadIndex& there : schema.indexes) {
    if (there.path != index.path) continue;
    if (there == index) return std::optional<CollectionSchema>();
    if (there.kind == index.kind) {
      return Status::AlreadyExists("the path " + Quoted(index.path) +
                                   " has a TEXT index of other settings; drop it first");
    }
    return Status::AlreadyExists("the path " + Quoted(index.path) + " has an index of kind " +
                                 std::string(base::PayloadIndexKindName(there.kind)) +
                                 "; drop it first");
  }
  if (schema.indexes.size() >= kMaxIndexes) {
    return Status::FailedPrecondition("collection '" + schema.name + "' has " +
                                      std::to_string(kMaxIndexes) +
                                      " payload indexes, as many as are allowed");
  }
  CollectionSchema changed = schema;
  changed.indexes.push_back(index);
  return std::optional<CollectionSchema>(std::move(changed));
}

Result<CollectionSchema> WithoutIndex(const CollectionSchema& schema, std::string_view path) {
  CollectionSchema changed = schema;
  if (std::erase_if(changed.indexes, [&](const auto& index) { return index.path == path; }) == 0) {
    return Status::NotFound("collection '" + schema.name + "' has no payload index on " +
                            Quoted(path));
  }
  return changed;
}

}  // namespace sagitta::database
