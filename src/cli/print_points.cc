#include "cli/print_points.h"

#include "cli/json_text.h"
#include "cli/print_explain.h"
#include "cli/proto_json.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

std::string PayloadText(const v1::Point& point) {
  const json all = PointToJson(point);
  return all.contains("payload") ? DumpJson(all["payload"]) : "";
}

std::string VectorsText(const v1::Point& point) {
  const json all = PointToJson(point);
  return all.contains("vectors") ? DumpJson(all["vectors"]) : "";
}

json HitToJson(const v1::Hit& hit) {
  json out = PointToJson(hit.point());
  out["score"] = ShortDouble(hit.score());
  return out;
}

void AddHit(Table& table, const std::string& group, size_t rank, const v1::Hit& hit) {
  char score[32];
  std::snprintf(score, sizeof(score), "%.6g", static_cast<double>(hit.score()));
  table.AddRow({group, std::to_string(rank), IdText(hit.point().id()), score,
                PayloadText(hit.point()), VectorsText(hit.point())});
}

json QueryToJson(const v1::QueryResponse& response, bool grouped) {
  json out = {{"info", ProtoToJson(response.info())}, {grouped ? "groups" : "hits", json::array()}};
  if (!grouped) {
    for (const auto& hit : response.hits()) out["hits"].push_back(HitToJson(hit));
    return out;
  }
  for (const auto& group : response.groups()) {
    json hits = json::array();
    for (const auto& hit : group.hits()) hits.push_back(HitToJson(hit));
    out["groups"].push_back({{"key", ValueToJson(group.key())}, {"hits", std::move(hits)}});
  }
  return out;
}

}  // namespace

void PrintPoints(Session& session, const WirePoints& points) {
  if (session.json()) {
    json list = json::array();
    for (const auto& point : points) list.push_back(PointToJson(point));
    return session.PrintJson(list);
  }
  Table table({{"ID"}, {"VERSION", Table::Align::kRight}, {"PAYLOAD"}, {"VECTORS"}});
  for (const auto& point : points) {
    table.AddRow({IdText(point.id()), std::to_string(point.version()), PayloadText(point),
                  VectorsText(point)});
  }
  table.Print(session.out());
}

void PrintWriteResult(Session& session, const v1::WriteResult& result) {
  json skipped = json::array();
  for (const auto& id : result.skipped()) skipped.push_back(IdToJson(id));
  if (session.json()) {
    return session.PrintJson({{"seq", result.seq()},
                              {"affected", result.affected()},
                              {"skipped", skipped},
                              {"replayed", result.replayed()}});
  }
  Table table({{"AFFECTED", Table::Align::kRight}, {"SEQ", Table::Align::kRight}, {"SKIPPED"}});
  table.AddRow({FormatCount(result.affected()), std::to_string(result.seq()),
                skipped.empty() ? "" : DumpJson(skipped)});
  table.Print(session.out());
}

void PrintQueryResponse(Session& session, const v1::QueryResponse& response, bool grouped) {
  if (session.json()) return session.PrintJson(QueryToJson(response, grouped));
  Table table({{grouped ? "GROUP" : ""},
               {"RANK", Table::Align::kRight},
               {"ID"},
               {"SCORE", Table::Align::kRight},
               {"PAYLOAD"},
               {"VECTORS"}});
  size_t rank = 0;
  for (const auto& hit : response.hits()) AddHit(table, "", ++rank, hit);
  for (const auto& group : response.groups()) {
    rank = 0;
    for (const auto& hit : group.hits()) {
      AddHit(table, DumpJson(ValueToJson(group.key())), ++rank, hit);
    }
  }
  table.Print(session.out());
  if (response.info().has_explain()) PrintExplain(response.info().explain(), session.out());
  if (response.info().filter_scanned()) {
    std::string paths;
    for (const auto& path : response.info().unindexed_paths()) paths += " " + path;
    session.err() << "note: the filter read payloads; no payload index on:" << paths << "\n";
  }
}

}  // namespace sagitta::cli
