// sagitta points …: reading and writing points by id, by filter and in order.

#include <memory>

#include "cli/hex.h"
#include "cli/json_text.h"
#include "cli/print_points.h"
#include "cli/read_options.h"
#include "cli/session.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

using Stub = v1::PointService::Stub;

struct WriteFlags {
  std::string request_id;
  bool no_sync = false;

  void AddTo(CLI::App& app) {
    app.add_option("--request-id", request_id, "Makes a retry with the same id change nothing");
    app.add_flag("--no-sync", no_sync, "Do not wait for fsync");
  }
  void Apply(v1::WriteOptions* out) const {
    out->set_request_id(request_id);
    if (no_sync) out->set_durability(v1::DURABILITY_OS);
  }
};

// Every command of this file names its collection first.
struct Base {
  std::string collection;
  void AddTo(CLI::App& app) {
    app.add_option("collection", collection, "Name or alias")->required();
  }
};

void AddGet(CLI::App& group, Commands& commands) {
  struct Options : Base {
    std::vector<std::string> ids;
    SelectOptions select;
  };
  auto* app = group.add_subcommand("get", "Points by id");
  auto o = std::make_shared<Options>();
  o->AddTo(*app);
  app->add_option("ids", o->ids, "Ids")->required();
  o->select.AddTo(*app);
  commands.Bind(app, [o](Session& session) -> Outcome {
    v1::GetRequest request;
    request.set_collection(o->collection);
    SAGITTA_CLI_RETURN_IF_FAILED(ParseIds(o->ids, request.mutable_ids()));
    o->select.Apply(request.mutable_select());
    if (!o->select.vectors && o->select.payload_keys.empty() && o->select.vector_fields.empty()) {
      request.mutable_select()->set_payload(true);
    }
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::GetResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->points(), &Stub::Get, request, &response));
    PrintPoints(session, response.points());
    if (response.points_size() < request.ids_size()) {
      session.err() << "note: " << request.ids_size() - response.points_size()
                    << " of the ids are not there\n";
    }
    return Outcome::Ok();
  });
}

struct UpsertOptions : Base {
  std::vector<std::string> points;
  bool only_if_absent = false;
  std::optional<uint64_t> only_if_version;
  int64_t ttl_ms = 0;
  WriteFlags write;
};

Outcome BuildUpsert(const UpsertOptions& o, Connection& connection, v1::UpsertRequest* out) {
  v1::GetCollectionRequest get;
  get.set_name(o.collection);
  v1::GetCollectionResponse schema;
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Call(
      connection.collections(), &v1::CollectionService::Stub::GetCollection, get, &schema));
  const std::string field =
      schema.schema().fields_size() == 1 ? schema.schema().fields(0).name() : "";
  out->set_collection(o.collection);
  for (const auto& text : o.points) {
    SAGITTA_ASSIGN_OR_RETURN(auto json, ParseJsonArgument(text, "point"));
    if (!json.is_array()) json = nlohmann::json::array({json});
    for (const auto& item : json) {
      v1::UpsertPoint* point = out->add_points();
      SAGITTA_RETURN_IF_ERROR(
          PointFromJson(item, field, point)
              .WithFieldPrefix("points[" + std::to_string(out->points_size() - 1) + "]."));
      if (o.only_if_absent) point->set_only_if_absent(true);
      if (o.only_if_version) point->set_only_if_version(*o.only_if_version);
      if (o.ttl_ms != 0) point->set_ttl_ms(o.ttl_ms);
    }
  }
  o.write.Apply(out->mutable_options());
  return Outcome::Ok();
}

void AddUpsert(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand("upsert", "Write points; those of the same id are replaced");
  auto o = std::make_shared<UpsertOptions>();
  o->AddTo(*app);
  app->add_option(
         "points", o->points,
         "JSON objects {\"id\": …, \"vector\": […], \"payload\": {…}}, lists of them, or @FILE")
      ->required();
  auto* absent = app->add_flag("--only-if-absent", o->only_if_absent, "Skip ids that are there");
  app->add_option("--only-if-version", o->only_if_version, "Skip points of another version")
      ->excludes(absent);
  app->add_option("--ttl-ms", o->ttl_ms, "Expire so long after the write");
  o->write.AddTo(*app);
  commands.Bind(app, [o](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::UpsertRequest request;
    SAGITTA_CLI_RETURN_IF_FAILED(BuildUpsert(*o, *connection, &request));
    v1::UpsertResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->points(), &Stub::Upsert, request, &response));
    PrintWriteResult(session, response.result());
    return Outcome::Ok();
  });
}

void AddDelete(CLI::App& group, Commands& commands) {
  struct Options : Base {
    TargetOptions target;
    WriteFlags write;
    bool yes = false;
  };
  auto* app = group.add_subcommand("delete", "Delete points by id or by filter");
  auto o = std::make_shared<Options>();
  o->AddTo(*app);
  o->target.AddTo(*app);
  o->write.AddTo(*app);
  app->add_flag("--yes,-y", o->yes, "Do not ask (with --filter)");
  commands.Bind(app, [o](Session& session) -> Outcome {
    v1::DeleteRequest request;
    request.set_collection(o->collection);
    SAGITTA_CLI_RETURN_IF_FAILED(o->target.Apply(&request));
    if (request.has_filter()) {
      SAGITTA_CLI_RETURN_IF_FAILED(session.Confirm(
          "delete the points of " + o->collection + " that match the filter", o->yes));
    }
    o->write.Apply(request.mutable_options());
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::DeleteResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->points(), &Stub::Delete, request, &response));
    PrintWriteResult(session, response.result());
    return Outcome::Ok();
  });
}

void AddPayloadChange(CLI::App& group, Commands& commands, const std::string& name,
                      const std::string& help, v1::PayloadOp op) {
  struct Options : Base {
    TargetOptions target;
    WriteFlags write;
    std::string payload;
    std::vector<std::string> keys;
  };
  auto* app = group.add_subcommand(name, help);
  auto o = std::make_shared<Options>();
  o->AddTo(*app);
  if (op == v1::PAYLOAD_OP_DELETE) {
    AddRepeated(*app, "--key", o->keys, "Path to remove")->required();
  } else {
    app->add_option("--payload", o->payload, "JSON object, or @FILE")->required();
  }
  o->target.AddTo(*app);
  o->write.AddTo(*app);
  commands.Bind(app, [o, op](Session& session) -> Outcome {
    v1::UpdatePayloadRequest request;
    request.set_collection(o->collection);
    request.set_op(op);
    SAGITTA_CLI_RETURN_IF_FAILED(o->target.Apply(&request));
    if (op != v1::PAYLOAD_OP_DELETE) {
      SAGITTA_ASSIGN_OR_RETURN(const auto json, ParseJsonArgument(o->payload, "--payload"));
      SAGITTA_RETURN_IF_ERROR(PayloadFromJson(json, request.mutable_payload()));
    }
    for (const auto& key : o->keys) request.add_keys(key);
    o->write.Apply(request.mutable_options());
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::UpdatePayloadResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->points(), &Stub::UpdatePayload, request, &response));
    PrintWriteResult(session, response.result());
    return Outcome::Ok();
  });
}

struct ScrollOptions : Base {
  std::string filter;
  SelectOptions select;
  uint32_t limit = 100;
  std::string cursor;
};

Outcome ScrollUpTo(const ScrollOptions& o, Connection& connection, WirePoints* points,
                   std::string* cursor) {
  v1::ScrollRequest request;
  request.set_collection(o.collection);
  o.select.Apply(request.mutable_select());
  if (!o.filter.empty()) {
    SAGITTA_CLI_RETURN_IF_FAILED(ParseFilterOption(o.filter, request.mutable_filter()));
  }
  do {
    request.set_cursor(*cursor);
    request.set_limit(std::min<uint32_t>(1000, o.limit - points->size()));
    v1::ScrollResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection.Call(connection.points(), &Stub::Scroll, request, &response));
    for (auto& point : *response.mutable_points()) points->Add(std::move(point));
    *cursor = response.next_cursor();
  } while (!cursor->empty() && static_cast<uint32_t>(points->size()) < o.limit);
  return Outcome::Ok();
}

void AddScroll(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand("scroll", "Points in order of id");
  auto o = std::make_shared<ScrollOptions>();
  o->AddTo(*app);
  app->add_option("--limit", o->limit, "Points")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--cursor", o->cursor, "Go on after an earlier call, as it printed");
  app->add_option("--filter", o->filter, "Only those that match: JSON, or @FILE");
  o->select.AddTo(*app);
  commands.Bind(app, [o](Session& session) -> Outcome {
    auto cursor = FromHex(o->cursor);
    if (!cursor) return Outcome::Usage("--cursor: is not what an earlier call printed");
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    WirePoints points;
    SAGITTA_CLI_RETURN_IF_FAILED(ScrollUpTo(*o, *connection, &points, &*cursor));
    PrintPoints(session, points);
    if (!cursor->empty()) session.err() << "more: --cursor " << ToHex(*cursor) << "\n";
    return Outcome::Ok();
  });
}

void AddCount(CLI::App& group, Commands& commands) {
  struct Options : Base {
    std::string filter;
  };
  auto* app = group.add_subcommand("count", "How many points there are, or match");
  auto o = std::make_shared<Options>();
  o->AddTo(*app);
  app->add_option("--filter", o->filter, "Only those that match: JSON, or @FILE");
  commands.Bind(app, [o](Session& session) -> Outcome {
    v1::CountRequest request;
    request.set_collection(o->collection);
    if (!o->filter.empty()) {
      SAGITTA_CLI_RETURN_IF_FAILED(ParseFilterOption(o->filter, request.mutable_filter()));
    }
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::CountResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->points(), &Stub::Count, request, &response));
    if (session.json()) {
      session.PrintJson(
          {{"count", response.count()}, {"filter_scanned", response.filter_scanned()}});
    } else {
      session.out() << response.count() << "\n";
    }
    return Outcome::Ok();
  });
}

}  // namespace

void AddPointCommands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("points", "Read and write points");
  group->require_subcommand(1);
  AddGet(*group, commands);
  AddUpsert(*group, commands);
  AddDelete(*group, commands);
  AddPayloadChange(*group, commands, "set-payload", "Replace whole payloads", v1::PAYLOAD_OP_SET);
  AddPayloadChange(*group, commands, "merge-payload", "Replace some payload keys",
                   v1::PAYLOAD_OP_MERGE);
  AddPayloadChange(*group, commands, "delete-payload", "Remove payload keys",
                   v1::PAYLOAD_OP_DELETE);
  AddScroll(*group, commands);
  AddCount(*group, commands);
}

}  // namespace sagitta::cli
