#include "cli/print_explain.h"

#include <string>

#include "cli/proto_json.h"
#include "cli/table.h"

namespace sagitta::cli {
namespace {

std::string Milliseconds(double seconds) { return FormatFixed(seconds * 1e3, 3) + " ms"; }

std::string Percent(double share) {
  const double percent = share * 100;
  return FormatFixed(percent, percent != 0 && percent < 1 ? 3 : 1) + " %";
}

std::string Strategy(const v1::SegmentExplain& segment) {
  const std::string name = segment.strategy() == v1::SEARCH_STRATEGY_UNSPECIFIED
                               ? "none"
                               : EnumName(*v1::SearchStrategy_descriptor(), segment.strategy());
  return segment.fell_back() ? name + ", after a walk" : name;
}

std::string Filter(const v1::SegmentExplain& segment) {
  return segment.filter_cached() ? "cached" : segment.filter_scanned() ? "scanned" : "";
}

}  // namespace

void PrintExplain(const v1::QueryExplain& explain, std::ostream& out) {
  Table table({{"SHARD", Table::Align::kRight},
               {"SEGMENT"},
               {"INDEX"},
               {"STRATEGY"},
               {"LIVE", Table::Align::kRight},
               {"PASSING", Table::Align::kRight},
               {"SHARE", Table::Align::kRight},
               {"EXPECTED", Table::Align::kRight},
               {"FILTER"},
               {"DISTANCES", Table::Align::kRight},
               {"HOPS", Table::Align::kRight},
               {"FILTER TIME", Table::Align::kRight},
               {"SEARCH TIME", Table::Align::kRight}});
  for (const auto& segment : explain.segments()) {
    const double live = static_cast<double>(segment.rows_live());
    const double passing = static_cast<double>(segment.rows_passing());
    table.AddRow({std::to_string(segment.shard()), segment.segment(),
                  EnumName(*v1::IndexKind_descriptor(), segment.index()), Strategy(segment),
                  FormatCount(segment.rows_live()), FormatCount(segment.rows_passing()),
                  Percent(live == 0 ? 0 : passing / live), Percent(segment.estimated_selectivity()),
                  Filter(segment), FormatCount(segment.distances()), FormatCount(segment.hops()),
                  Milliseconds(segment.filter_seconds()), Milliseconds(segment.search_seconds())});
  }
  out << "\n";
  table.Print(out);
  out << "plan " << Milliseconds(explain.plan_seconds()) << ", search "
      << Milliseconds(explain.search_seconds());
  if (explain.reranked() != 0) {
    out << ", rerank of " << FormatCount(explain.reranked()) << " points "
        << Milliseconds(explain.rerank_seconds());
  }
  out << ", fetch " << Milliseconds(explain.fetch_seconds()) << "\n";
}

}  // namespace sagitta::cli
