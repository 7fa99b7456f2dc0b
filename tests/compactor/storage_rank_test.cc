#include <gtest/gtest.h>

#include <set>

#include "compactor/storage_menu.h"
#include "compactor/storage_tuner.h"

namespace sagitta::compactor {
namespace {

constexpr uint64_t kRows = 1000;

StorageOption Option(const std::string& name, double bytes, double recall, double micros,
                     uint64_t rows = kRows) {
  return {
      .name = name, .memory_bytes = bytes, .recall = recall, .query_micros = micros, .rows = rows};
}

std::vector<std::string> Ranked(const StorageRequest& request, uint64_t budget,
                                std::vector<StorageOption>* options) {
  RankStorage(request, kRows, budget, options);
  std::vector<std::string> names;
  for (const StorageOption& option : *options) names.push_back(option.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(RankStorage, ABudgetTakesWhatFindsMostAndOfThatTheFastest) {
  std::vector<StorageOption> options = {Option("large", 1000, 1.0, 10),
                                        Option("good", 90, 0.95, 100),
                                        Option("quick", 100, 0.947, 5), Option("bad", 50, 0.5, 1)};
  EXPECT_EQ(Ranked({}, 100 * kRows, &options), (Names{"quick", "good", "bad", "large"}));
  EXPECT_FALSE(options[3].in_budget);
  EXPECT_TRUE(options[0].in_budget && options[0].reaches_target);
  // All but the one that another beats in both.
  EXPECT_FALSE(options[0].pareto);
  EXPECT_TRUE(options[1].pareto && options[2].pareto && options[3].pareto);
}

TEST(RankStorage, ALittleRecallIsWorthTenTimesTheSpeed) {
  const StorageOption best = Option("best", 90, 1.0, 1000);
  const auto first = [&](double recall, double micros) {
    std::vector<StorageOption> options = {best, Option("alike", 95, 0.996, 900),
                                          Option("other", 80, recall, micros)};
    return Ranked({}, 100 * kRows, &options)[0];
  };
  EXPECT_EQ(first(0.986, 89), "other");
  EXPECT_EQ(first(0.986, 91), "alike") << "not as fast";
  EXPECT_EQ(first(0.984, 1), "alike") << "not as good";
}

TEST(RankStorage, ATargetTakesTheLeastMemory) {
  std::vector<StorageOption> options = {Option("large", 1000, 1.0, 10),
                                        Option("good", 90, 0.95, 100),
                                        Option("better", 200, 0.97, 5), Option("bad", 50, 0.5, 1)};
  EXPECT_EQ(Ranked({.target_recall = 0.94}, 0, &options)[0], "good");
  EXPECT_EQ(Ranked({.target_recall = 0.96}, 0, &options)[0], "better");
  EXPECT_EQ(Ranked({.target_recall = 0.96}, 100 * kRows, &options)[0], "good")
      << "nothing is right: the best of what fits";
  EXPECT_FALSE(options[0].reaches_target);
}

TEST(RankStorage, WhatWasMeasuredOnFewRowsComesLast) {
  std::vector<StorageOption> options = {Option("look", 10, 1.0, 1, 100),
                                        Option("measured", 20, 0.9, 1)};
  EXPECT_EQ(Ranked({}, 100 * kRows, &options), (Names{"measured", "look"}));
  EXPECT_TRUE(options[0].pareto);
  EXPECT_FALSE(options[1].pareto);
}

TEST(StorageMenu, RisesWithinFamiliesAndFillsTheRoom) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    const engine::FieldLayout layout{.dim = 96, .metric = metric};
    const auto menu = StorageMenu(layout, Dtype::kF32, 100'000, 37.0);
    std::set<std::string> names;
    double filled = 0;
    for (size_t i = 0; i < menu.size(); ++i) {
      EXPECT_TRUE(names.insert(menu[i].name).second) << menu[i].name << " is there twice";
      if (i > 0 && menu[i].family == menu[i - 1].family) {
        EXPECT_GE(menu[i].bytes, menu[i - 1].bytes) << menu[i].name;
      }
      if (menu[i].family == "TRANSFORM" && menu[i].bytes <= 37.0) filled = menu[i].bytes;
      CollectionSchema schema;
      schema.name = "c";
      schema.fields = {{.name = "v", .dim = 96, .metric = metric, .index = menu[i].index}};
      EXPECT_TRUE(schema.Validate().ok()) << menu[i].name << schema.Validate().ToString();
    }
    EXPECT_GE(filled, 35.0);
  }
  for (const MenuEntry& entry :
       StorageMenu({.dim = 96, .metric = Metric::kL1}, Dtype::kF32, 1, 0)) {
    EXPECT_TRUE(entry.index.kind == IndexKind::kFlat || entry.index.kind == IndexKind::kHnsw ||
                entry.index.kind == IndexKind::kGraph)
        << entry.name;
  }
}

}  // namespace
}  // namespace sagitta::compactor
