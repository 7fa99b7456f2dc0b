#include "cli/print_explain.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sagitta::cli {
namespace {

TEST(PrintExplain, ShowsEverySegment) {
  v1::QueryExplain explain;
  auto* walked = explain.add_segments();
  walked->set_segment("6e9f");
  walked->set_index(v1::INDEX_KIND_GRAPH);
  walked->set_strategy(v1::SEARCH_STRATEGY_CODE_SCAN);
  walked->set_fell_back(true);
  walked->set_rows_live(60'000);
  walked->set_rows_passing(120);
  walked->set_estimated_selectivity(0.0025);
  walked->set_filter_cached(true);
  walked->set_distances(1'234);
  walked->set_hops(56);
  walked->set_filter_seconds(0.0000125);
  walked->set_search_seconds(0.00025);
  auto* none = explain.add_segments();
  none->set_shard(1);
  none->set_segment("mutable-2");
  none->set_index(v1::INDEX_KIND_FLAT);
  explain.set_plan_seconds(0.000001);
  explain.set_search_seconds(0.0003);
  std::ostringstream out;
  PrintExplain(explain, out);
  const std::string text = out.str();
  for (const char* part : {"CODE_SCAN, after a walk", "60,000", "120", "0.200 %", "0.250 %",
                           "cached", "1,234", "0.013 ms", "0.250 ms", "mutable-2", "FLAT", "none",
                           "plan 0.001 ms, search 0.300 ms, fetch 0.000 ms"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

}  // namespace
}  // namespace sagitta::cli
