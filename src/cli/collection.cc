// sagitta collection …: schemas, settings, aliases.

#include <memory>

#include "cli/json_text.h"
#include "cli/proto_json.h"
#include "cli/schema_options.h"
#include "cli/session.h"

namespace sagitta::cli {
namespace {

using Stub = v1::CollectionService::Stub;

// "codec=SQ bits=6": what was asked for.
std::string DescribeCodec(const v1::CodecParams& codec) {
  std::string text = "codec=" + EnumName(*v1::CodecKind_descriptor(), codec.kind());
  if (codec.bits() != 0) text += " bits=" + std::to_string(codec.bits());
  if (codec.pieces() != 0) text += " pieces=" + std::to_string(codec.pieces());
  if (codec.bytes() != 0) text += " bytes=" + std::to_string(codec.bytes());
  if (codec.dims() != 0) text += " dims=" + std::to_string(codec.dims());
  if (!codec.model().empty()) text += " model=" + codec.model();
  return text;
}

std::string DescribeIndex(const v1::VectorField& field) {
  const v1::IndexParams& index = field.index();
  std::string text = EnumName(*v1::IndexKind_descriptor(), index.kind());
  const bool bits = field.storage() == v1::DTYPE_BITS;
  switch (bits && index.kind() == v1::INDEX_KIND_AUTO ? v1::INDEX_KIND_HNSW : index.kind()) {
    case v1::INDEX_KIND_AUTO:
    case v1::INDEX_KIND_GRAPH:
      return text + " degree=" + std::to_string(index.graph().degree()) +
             " build_width=" + std::to_string(index.graph().build_width()) +
             " code_bits=" + std::to_string(index.graph().code_bits()) +
             " ef_search=" +
             (index.graph().ef_search() == 0 ? "auto" : std::to_string(index.graph().ef_search()));
    case v1::INDEX_KIND_HNSW:
    case v1::INDEX_KIND_BINARY_HNSW:
      return text + " m=" + std::to_string(index.hnsw().m()) +
             " ef_construction=" + std::to_string(index.hnsw().ef_construction()) +
             " ef_search=" + std::to_string(index.hnsw().ef_search());
    case v1::INDEX_KIND_IVF_PQ:
      text +=
          " m=" + std::to_string(index.pq().m()) + " nbits=" + std::to_string(index.pq().nbits());
      [[fallthrough]];
    case v1::INDEX_KIND_IVF_FLAT:
    case v1::INDEX_KIND_BINARY_IVF:
      return text + " nlist=" + std::to_string(index.ivf().nlist()) +
             " nprobe=" + std::to_string(index.ivf().nprobe());
    case v1::INDEX_KIND_IVF_CODES:
      text += " nlist=" + std::to_string(index.ivf().nlist()) +
              " nprobe=" + std::to_string(index.ivf().nprobe());
      [[fallthrough]];
    case v1::INDEX_KIND_FLAT_CODES:
      return text + " " + DescribeCodec(index.codec());
    default:
      return text;
  }
}

void PrintSchemas(Session& session,
                  const google::protobuf::RepeatedPtrField<v1::CollectionSchema>& all) {
  Table table({{"COLLECTION"},
               {"SHARDS", Table::Align::kRight},
               {"FIELD"},
               {"DIM", Table::Align::kRight},
               {"METRIC"},
               {"STORAGE"},
               {"INDEX"},
               {"PAYLOAD INDEXES"}});
  for (const auto& schema : all) {
    std::string indexes;
    for (const auto& index : schema.indexes()) {
      indexes += (indexes.empty() ? "" : ", ") + index.path() + ":" + DescribePayloadIndex(index);
    }
    bool first = true;
    for (const auto& field : schema.fields()) {
      table.AddRow({first ? schema.name() : "", first ? std::to_string(schema.shards()) : "",
                    field.name(), std::to_string(field.dim()),
                    EnumName(*v1::Metric_descriptor(), field.metric()),
                    EnumName(*v1::Dtype_descriptor(), field.storage()), DescribeIndex(field),
                    first ? indexes : ""});
      first = false;
    }
  }
  table.Print(session.out());
}

void PrintSchema(Session& session, const v1::CollectionSchema& schema) {
  if (session.json()) return session.PrintJson(ProtoToJson(schema));
  google::protobuf::RepeatedPtrField<v1::CollectionSchema> one;
  *one.Add() = schema;
  PrintSchemas(session, one);
}

void AddCreate(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand("create", "Make a collection");
  auto options = std::make_shared<SchemaOptions>();
  options->AddTo(*app);
  commands.Bind(app, [options](Session& session) -> Outcome {
    v1::CreateCollectionRequest request;
    SAGITTA_CLI_RETURN_IF_FAILED(options->Build(request.mutable_schema()));
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::CreateCollectionResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->collections(), &Stub::CreateCollection, request, &response));
    PrintSchema(session, response.schema());
    return Outcome::Ok();
  });
}

void AddListAndGet(CLI::App& group, Commands& commands) {
  commands.Bind(group.add_subcommand("list", "List collections"), [](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::ListCollectionsResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(connection->collections(), &Stub::ListCollections,
                                                  v1::ListCollectionsRequest(), &response));
    if (session.json()) {
      session.PrintJson(ProtoToJson(response)["schemas"]);
    } else {
      PrintSchemas(session, response.schemas());
    }
    return Outcome::Ok();
  });
  auto* get = group.add_subcommand("get", "Show one collection");
  auto name = std::make_shared<std::string>();
  get->add_option("name", *name, "Name or alias")->required();
  commands.Bind(get, [name](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::GetCollectionRequest request;
    request.set_name(*name);
    v1::GetCollectionResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->collections(), &Stub::GetCollection, request, &response));
    PrintSchema(session, response.schema());
    return Outcome::Ok();
  });
}

void AddUpdate(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand(
      "update", "Change index or compaction settings; segments are rebuilt in the background");
  auto options = std::make_shared<UpdateOptions>();
  options->AddTo(*app);
  commands.Bind(app, [options](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::GetCollectionRequest get;
    get.set_name(options->name);
    v1::GetCollectionResponse current;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->collections(), &Stub::GetCollection, get, &current));
    v1::UpdateCollectionRequest request;
    SAGITTA_CLI_RETURN_IF_FAILED(options->Build(current.schema(), &request));
    v1::UpdateCollectionResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->collections(), &Stub::UpdateCollection, request, &response));
    PrintSchema(session, response.schema());
    return Outcome::Ok();
  });
}

void AddDrop(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand("drop", "Delete a collection and all its points");
  struct Options {
    std::string name;
    bool yes = false;
  };
  auto options = std::make_shared<Options>();
  app->add_option("name", options->name, "Name; an alias is refused")->required();
  app->add_flag("--yes,-y", options->yes, "Do not ask");
  commands.Bind(app, [options](Session& session) -> Outcome {
    SAGITTA_CLI_RETURN_IF_FAILED(session.Confirm("drop collection " + options->name, options->yes));
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::DropCollectionRequest request;
    request.set_name(options->name);
    v1::DropCollectionResponse response;
    return connection->Call(connection->collections(), &Stub::DropCollection, request, &response);
  });
}

void AddAliasChanges(CLI::App& alias, Commands& commands) {
  auto* set = alias.add_subcommand("set", "Point an alias at a collection, in one step");
  auto request = std::make_shared<std::pair<std::string, std::string>>();
  set->add_option("alias", request->first, "Alias")->required();
  set->add_option("collection", request->second, "Name of an existing collection")->required();
  commands.Bind(set, [request](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::SetAliasRequest wire;
    wire.set_alias(request->first);
    wire.set_collection(request->second);
    v1::SetAliasResponse response;
    return connection->Call(connection->collections(), &Stub::SetAlias, wire, &response);
  });
  auto* drop = alias.add_subcommand("drop", "Remove an alias; its collection stays");
  auto name = std::make_shared<std::string>();
  drop->add_option("alias", *name, "Alias")->required();
  commands.Bind(drop, [name](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::DropAliasRequest wire;
    wire.set_alias(*name);
    v1::DropAliasResponse response;
    return connection->Call(connection->collections(), &Stub::DropAlias, wire, &response);
  });
}

void AddAliasList(CLI::App& alias, Commands& commands) {
  commands.Bind(alias.add_subcommand("list", "List aliases"), [](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::ListAliasesResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(connection->collections(), &Stub::ListAliases,
                                                  v1::ListAliasesRequest(), &response));
    if (session.json()) {
      session.PrintJson(ProtoToJson(response)["aliases"]);
      return Outcome::Ok();
    }
    Table table({{"ALIAS"}, {"COLLECTION"}});
    for (const auto& item : response.aliases()) table.AddRow({item.alias(), item.collection()});
    table.Print(session.out());
    return Outcome::Ok();
  });
}

}  // namespace

void AddCollectionCommands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("collection", "Create, change and drop collections");
  group->require_subcommand(1);
  AddCreate(*group, commands);
  AddListAndGet(*group, commands);
  AddUpdate(*group, commands);
  AddDrop(*group, commands);
  auto* alias = group->add_subcommand("alias", "Second names that switch atomically");
  alias->require_subcommand(1);
  AddAliasChanges(*alias, commands);
  AddAliasList(*alias, commands);
}

}  // namespace sagitta::cli
