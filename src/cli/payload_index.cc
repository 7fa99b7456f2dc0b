// sagitta payload-index …

#include <memory>

#include "cli/schema_options.h"
#include "cli/session.h"

namespace sagitta::cli {
namespace {

using Stub = v1::CollectionService::Stub;

struct Options {
  std::string collection;
  std::string path;
  std::string kind;
};

}  // namespace

void AddPayloadIndexCommands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("payload-index", "Indexes that make filters fast");
  group->require_subcommand(1);
  auto* create = group->add_subcommand("create", "Index a payload path; reads and writes go on");
  auto* drop = group->add_subcommand("drop", "Remove the index of a payload path");
  auto o = std::make_shared<Options>();
  for (auto* sub : {create, drop}) {
    sub->add_option("collection", o->collection, "Name or alias")->required();
    sub->add_option("path", o->path, "Payload key, or keys joined by '.'")->required();
  }
  create->add_option("kind", o->kind, kPayloadIndexKinds)->required();
  commands.Bind(create, [o](Session& session) -> Outcome {
    v1::CreatePayloadIndexRequest request;
    request.set_collection(o->collection);
    const Status parsed = ParsePayloadIndex(o->path + ":" + o->kind, request.mutable_index());
    if (!parsed.ok()) return Outcome::Usage(parsed);
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::CreatePayloadIndexResponse response;
    // It answers when the index is built, which may take longer than any other call: no deadline.
    return connection->Call(connection->collections(), &Stub::CreatePayloadIndex, request,
                            &response, -1);
  });
  commands.Bind(drop, [o](Session& session) -> Outcome {
    v1::DropPayloadIndexRequest request;
    request.set_collection(o->collection);
    request.set_path(o->path);
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::DropPayloadIndexResponse response;
    return connection->Call(connection->collections(), &Stub::DropPayloadIndex, request, &response);
  });
}

}  // namespace sagitta::cli
