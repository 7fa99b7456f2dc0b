// sagitta snapshot …

#include <memory>

#include "cli/proto_json.h"
#include "cli/session.h"

namespace sagitta::cli {
namespace {

using Stub = v1::AdminService::Stub;

struct Options {
  std::string collection;
  std::string id;
  bool yes = false;
};

void PrintSnapshots(Session& session,
                    const google::protobuf::RepeatedPtrField<v1::Snapshot>& snapshots) {
  Table table({{"SNAPSHOT"},
               {"COLLECTION"},
               {"CREATED"},
               {"POINTS", Table::Align::kRight},
               {"SEQ", Table::Align::kRight},
               {"SIZE", Table::Align::kRight}});
  for (const auto& s : snapshots) {
    table.AddRow({s.id(), s.collection(), FormatTime(s.created_ms()), FormatCount(s.points()),
                  std::to_string(s.seq()), FormatBytes(s.bytes())});
  }
  table.Print(session.out());
}

Outcome Create(Session& session, const Options& o) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::CreateSnapshotRequest request;
  request.set_collection(o.collection);
  v1::CreateSnapshotResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->admin(), &Stub::CreateSnapshot, request, &response, -1));
  if (session.json()) {
    session.PrintJson(ProtoToJson(response.snapshot()));
    return Outcome::Ok();
  }
  google::protobuf::RepeatedPtrField<v1::Snapshot> one;
  *one.Add() = response.snapshot();
  PrintSnapshots(session, one);
  return Outcome::Ok();
}

Outcome List(Session& session) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::ListSnapshotsResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(connection->admin(), &Stub::ListSnapshots,
                                                v1::ListSnapshotsRequest(), &response));
  if (session.json()) {
    session.PrintJson(ProtoToJson(response)["snapshots"]);
  } else {
    PrintSnapshots(session, response.snapshots());
  }
  return Outcome::Ok();
}

Outcome Restore(Session& session, const Options& o) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::RestoreSnapshotRequest request;
  request.set_snapshot_id(o.id);
  request.set_collection(o.collection);
  v1::RestoreSnapshotResponse response;
  return connection->Call(connection->admin(), &Stub::RestoreSnapshot, request, &response, -1);
}

Outcome Delete(Session& session, const Options& o) {
  SAGITTA_CLI_RETURN_IF_FAILED(session.Confirm("delete snapshot " + o.id, o.yes));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::DeleteSnapshotRequest request;
  request.set_snapshot_id(o.id);
  v1::DeleteSnapshotResponse response;
  return connection->Call(connection->admin(), &Stub::DeleteSnapshot, request, &response);
}

}  // namespace

void AddSnapshotCommands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("snapshot", "Copies of collections at one moment");
  group->require_subcommand(1);
  auto o = std::make_shared<Options>();
  auto* create = group->add_subcommand("create", "Take one");
  create->add_option("collection", o->collection, "Name or alias")->required();
  commands.Bind(create, [o](Session& session) { return Create(session, *o); });
  commands.Bind(group->add_subcommand("list", "List them, newest first"),
                [](Session& session) { return List(session); });
  auto* restore = group->add_subcommand("restore", "Make a new collection of one");
  restore->add_option("snapshot", o->id, "UUID")->required();
  restore->add_option("collection", o->collection, "Name of the collection to make")->required();
  commands.Bind(restore, [o](Session& session) { return Restore(session, *o); });
  auto* drop = group->add_subcommand("delete", "Delete one");
  drop->add_option("snapshot", o->id, "UUID")->required();
  drop->add_flag("--yes,-y", o->yes, "Do not ask");
  commands.Bind(drop, [o](Session& session) { return Delete(session, *o); });
}

}  // namespace sagitta::cli
