#include "compactor/picker.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <random>

namespace sagitta::compactor {
namespace {

using engine::SegmentFacts;
using engine::ShardFacts;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using State = SegmentFacts::State;

constexpr uint32_t kSealRows = 1000;

class FactsBuilder {
 public:
  FactsBuilder() {
    facts.settings = {.seal_rows = kSealRows,
                      .seal_idle_ms = 5000,
                      .seal_min_rows = 100,
                      .max_segment_rows = 20'000,
                      .deleted_ratio = 0.2f};
  }
  FactsBuilder& Add(State state, uint64_t rows, uint64_t deleted = 0, bool satisfied = true) {
    facts.segments.push_back({.id = std::string(1, static_cast<char>('a' + facts.segments.size())),
                              .state = state,
                              .rows = rows,
                              .deleted = deleted,
                              .satisfied = satisfied,
                              .verified = true});
    return *this;
  }
  FactsBuilder& Sealed(uint64_t rows, uint64_t deleted = 0) {
    return Add(State::kSealed, rows, deleted);
  }
  FactsBuilder& Flat(uint64_t rows) { return Add(State::kSealed, rows, 0, false); }
  FactsBuilder& Growing(uint64_t rows) { return Add(State::kGrowing, rows); }

  ShardFacts facts;
};

// ---- seals

TEST(PickSeal, NothingForAnEmptyShard) {
  EXPECT_FALSE(PickSeal(FactsBuilder().Growing(0).facts, {}).has_value());
  EXPECT_FALSE(PickSeal(FactsBuilder().Growing(0).facts, {.now = true}).has_value());
  EXPECT_FALSE(PickSeal(FactsBuilder().facts, {}).has_value());
}

TEST(PickSeal, FrozenSegmentsAreSealedAtOnce) {
  const auto pick = PickSeal(FactsBuilder().Add(State::kFrozen, 700).Growing(50).facts, {});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->kind, "seal");
  EXPECT_FALSE(pick->freeze);
  EXPECT_EQ(pick->rows, 700u);
}

TEST(PickSeal, GrowingRowsWaitForQuietAndForEnough) {
  struct Case {
    uint64_t rows;
    int64_t idle_ms;
    bool seal;
  };
  for (const Case& c : {Case{99, 1'000'000, false}, Case{100, 4999, false}, Case{100, 5000, true},
                        Case{999, 0, false}, Case{500, 60'000, true}}) {
    FactsBuilder builder;
    builder.Growing(c.rows).facts.idle_ms = c.idle_ms;
    const auto pick = PickSeal(builder.facts, {});
    EXPECT_EQ(pick.has_value(), c.seal) << c.rows << " rows, idle " << c.idle_ms;
    EXPECT_TRUE(!pick.has_value() || pick->freeze);
    EXPECT_FALSE(PickSeal(builder.facts, {.paused = true}).has_value());
  }
}

TEST(PickSeal, OnDemandAnyRowIsEnough) {
  const auto pick = PickSeal(FactsBuilder().Growing(1).facts, {.now = true});
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->freeze);
}

TEST(PickSeal, APauseLeavesFullSegmentsToTheSeals) {
  FactsBuilder full;
  full.Add(State::kFrozen, 1000).Growing(500).facts.log_ops = 1'000'000;
  EXPECT_TRUE(PickSeal(full.facts, {.paused = true}).has_value());
  FactsBuilder long_log;
  long_log.Growing(500).facts.log_ops = 1'000'000;
  EXPECT_FALSE(PickSeal(long_log.facts, {.paused = true}).has_value());
  const auto repair = PickSeal(FactsBuilder().Add(State::kDegraded, 9).facts, {.paused = true});
  ASSERT_TRUE(repair.has_value());
  EXPECT_EQ(repair->kind, "repair");
}

TEST(PickSeal, DegradedSegmentsAreRepaired) {
  FactsBuilder builder;
  builder.Sealed(10).Add(State::kDegraded, 20).Sealed(30).Growing(0);
  const auto pick = PickSeal(builder.facts, {});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->kind, "repair");
  EXPECT_EQ(pick->rows, 20u);
}

TEST(PickSeal, ALongLogIsShortened) {
  FactsBuilder builder;
  builder.Growing(0).facts.log_ops = 4 * kSealRows;
  EXPECT_FALSE(PickSeal(builder.facts, {}).has_value());
  builder.facts.log_ops = 4 * kSealRows + 1;
  ASSERT_TRUE(PickSeal(builder.facts, {}).has_value());
  EXPECT_EQ(PickSeal(builder.facts, {})->kind, "checkpoint");
  builder.facts.segments.back().rows = 3;
  EXPECT_EQ(PickSeal(builder.facts, {})->kind, "seal");
  EXPECT_TRUE(PickSeal(builder.facts, {})->freeze);
}

TEST(PickSeal, NothingOnAReadOnlyShard) {
  FactsBuilder builder;
  builder.Sealed(10, 10).Add(State::kFrozen, 20).Growing(50).facts.read_only = true;
  EXPECT_FALSE(PickSeal(builder.facts, {}).has_value());
  EXPECT_FALSE(PickSeal(builder.facts, {.now = true}).has_value());
  EXPECT_FALSE(PickRebuild(builder.facts).has_value());
}

// ---- rebuilds

TEST(PickRebuild, NothingWhereAllIsWell) {
  EXPECT_FALSE(PickRebuild(FactsBuilder().facts).has_value());
  EXPECT_FALSE(PickRebuild(FactsBuilder().Growing(900).facts).has_value());
  EXPECT_FALSE(
      PickRebuild(FactsBuilder().Sealed(900).Sealed(900, 90).Growing(1).facts).has_value());
}

struct RebuildCase {
  const char* name;
  std::function<void(FactsBuilder&)> build;
  const char* kind;  // "" = none
  std::vector<std::string> ids;
};

const RebuildCase kRebuildCases[] = {
    {"an index is built", [](FactsBuilder& f) { f.Sealed(900).Flat(900); }, "index", {"b"}},
    {"unchecked files come first",
     [](FactsBuilder& f) { f.Flat(900).Sealed(900).facts.segments[1].verified = false; },
     "verify",
     {"b"}},
    {"nothing beside a degraded segment",
     [](FactsBuilder& f) { f.Flat(900).Add(State::kDegraded, 5).Flat(900); },
     "",
     {}},
    {"segments without a live row go first",
     [](FactsBuilder& f) { f.Flat(900).Sealed(50, 50); },
     "purge",
     {"b"}},
    {"four of a tier are merged",
     [](FactsBuilder& f) { f.Sealed(900).Sealed(1000).Sealed(700).Sealed(2000); },
     "merge",
     {"a", "b", "c", "d"}},
    {"three are not", [](FactsBuilder& f) { f.Sealed(900).Sealed(900).Sealed(900); }, "", {}},
    {"as many as there are, not four by four",
     [](FactsBuilder& f) {
       for (int i = 0; i < 7; ++i) f.Flat(1000);
     },
     "merge",
     {"a", "b", "c", "d", "e", "f", "g"}},
    {"a merge beats an index that it includes",
     [](FactsBuilder& f) { f.Sealed(900).Sealed(900).Sealed(900).Flat(900); },
     "merge",
     {"a", "b", "c", "d"}},
    {"an index beats a merge that does not include it",
     [](FactsBuilder& f) { f.Flat(19'000).Sealed(900).Sealed(900).Sealed(900).Sealed(900); },
     "index",
     {"a"}},
    {"a large neighbour stays out",
     [](FactsBuilder& f) { f.Sealed(10'000).Sealed(900).Sealed(900).Sealed(900).Sealed(900); },
     "merge",
     {"b", "c", "d", "e"}},
    {"sizes within four times, but one is most of it",
     [](FactsBuilder& f) { f.Sealed(3900).Sealed(1000).Sealed(1000).Sealed(1000); },
     "",
     {}},
    {"small ones count as one size",
     [](FactsBuilder& f) { f.Sealed(1).Sealed(90).Sealed(7).Sealed(30); },
     "merge",
     {"a", "b", "c", "d"}},
    {"not beyond max_segment_rows",
     [](FactsBuilder& f) { f.Sealed(6000).Sealed(6000).Sealed(6000).Sealed(6000); },
     "",
     {}},
    {"dead rows do not count towards it",
     [](FactsBuilder& f) {
       f.Sealed(6000, 1100).Sealed(6000, 1100).Sealed(6000, 1100).Sealed(5000);
     },
     "merge",
     {"a", "b", "c", "d"}},
    {"neighbours only",
     [](FactsBuilder& f) {
       f.Sealed(900).Sealed(900).Add(State::kFrozen, 9).Sealed(900).Sealed(900);
     },
     "",
     {}},
    {"dead rows over the ratio",
     [](FactsBuilder& f) { f.Sealed(1000, 199).Sealed(1000, 200); },
     "purge",
     {"b"}},
    {"growing and frozen segments are left to the seals",
     [](FactsBuilder& f) { f.Add(State::kFrozen, 900, 900, false).Growing(900); },
     "",
     {}},
};

TEST(PickRebuild, Cases) {
  for (const RebuildCase& c : kRebuildCases) {
    FactsBuilder builder;
    c.build(builder);
    const auto pick = PickRebuild(builder.facts);
    EXPECT_EQ(pick.has_value() ? pick->kind : "", c.kind) << c.name;
    EXPECT_EQ(pick.has_value() ? pick->ids : std::vector<std::string>(), c.ids) << c.name;
  }
}

TEST(PickRebuild, WhatIsDyingIsLeftToDie) {
  FactsBuilder builder;
  builder.Sealed(1000, 600).Sealed(1000, 300);
  EXPECT_THAT(PickRebuild(builder.facts, {"a"})->ids, ElementsAre("b"));
  EXPECT_FALSE(PickRebuild(builder.facts, {"a", "b"}).has_value());
  EXPECT_FALSE(IsSettled(builder.facts));  // its turn comes
  builder.facts.segments[0].deleted = 1000;
  EXPECT_THAT(PickRebuild(builder.facts, {"a", "b"})->ids, ElementsAre("a"));
}

TEST(PickRebuild, RatioOfZeroDeletedIsNoPurge) {
  FactsBuilder builder;
  builder.Sealed(100, 0).facts.settings.deleted_ratio = 0;
  EXPECT_FALSE(PickRebuild(builder.facts).has_value());
}

// ---- as few as possible

TEST(PlanFewest, MergesNeighboursUpToTheBound) {
  const auto plan = PlanFewest(FactsBuilder()
                                   .Sealed(15'000)
                                   .Sealed(4000)
                                   .Sealed(2000)
                                   .Sealed(19'000)
                                   .Sealed(10'000)
                                   .Sealed(20'000, 10'000)
                                   .Growing(7)
                                   .facts);
  EXPECT_THAT(plan, ElementsAre(ElementsAre("a", "b"), ElementsAre("e", "f")));
}

TEST(PlanFewest, NotAcrossWhatIsNotSealed) {
  FactsBuilder builder;
  builder.Sealed(10).Add(State::kDegraded, 10).Sealed(10).Sealed(10).Add(State::kFrozen, 10);
  EXPECT_THAT(PlanFewest(builder.facts), ElementsAre(ElementsAre("c", "d")));
  EXPECT_THAT(PlanFewest(FactsBuilder().Sealed(5).Growing(5).facts), IsEmpty());
}

TEST(IsSettled, GrowingRowsAreAllowed) {
  EXPECT_TRUE(IsSettled(FactsBuilder().Sealed(900).Growing(999).facts));
  EXPECT_FALSE(IsSettled(FactsBuilder().Flat(900).facts));
  EXPECT_FALSE(IsSettled(FactsBuilder().Add(State::kFrozen, 1).facts));
  EXPECT_FALSE(IsSettled(FactsBuilder().Add(State::kDegraded, 1).facts));
  EXPECT_FALSE(IsSettled(FactsBuilder().Sealed(100, 50).facts));
  FactsBuilder builder;
  builder.Growing(0).facts.log_ops = 4 * kSealRows + 1;
  EXPECT_FALSE(IsSettled(builder.facts));
}

// ---- the fixed point

// What the jobs do to the facts.
class Simulation {
 public:
  explicit Simulation(ShardFacts facts) : facts(std::move(facts)) {}

  bool Step(bool now) {
    if (const auto seal = PickSeal(facts, {.now = now})) {
      Seal(*seal);
      return true;
    }
    if (const auto rebuild = PickRebuild(facts)) {
      Rebuild(*rebuild);
      return true;
    }
    return false;
  }

  void Seal(const SealPick& pick) {
    if (pick.freeze) facts.segments.back().state = State::kFrozen;
    const auto first = std::find_if(facts.segments.begin(), facts.segments.end(), IsUnsealed);
    if (first == facts.segments.end()) {
      facts.log_ops = 0;
    } else {
      auto last = first;
      uint64_t rows = 0;
      const uint64_t most = std::max<uint64_t>(facts.settings.seal_rows, first->rows);
      while (last != facts.segments.end() && IsUnsealed(*last) && rows + last->rows <= most) {
        rows += (last++)->rows;
      }
      Replace(first, last, /*indexed=*/false);
      if (std::none_of(facts.segments.begin(), facts.segments.end(), IsUnsealed)) facts.log_ops = 0;
    }
    if (facts.segments.empty() || facts.segments.back().state != State::kGrowing) {
      facts.segments.push_back({.id = NewId(), .state = State::kGrowing});
    }
  }

  void Rebuild(const RebuildPick& pick) {
    const auto first = std::find_if(facts.segments.begin(), facts.segments.end(),
                                    [&](const auto& s) { return s.id == pick.ids.front(); });
    ASSERT_LE(pick.ids.size(), static_cast<size_t>(facts.segments.end() - first));
    for (size_t i = 0; i < pick.ids.size(); ++i) {
      ASSERT_EQ(first[i].id, pick.ids[i]) << "not neighbours";
      ASSERT_EQ(first[i].state, State::kSealed);
    }
    if (pick.kind == "verify") {
      first->verified = true;
      return;
    }
    for (size_t i = 0; i < pick.ids.size(); ++i) rewritten += first[i].rows - first[i].deleted;
    Replace(first, first + static_cast<ptrdiff_t>(pick.ids.size()), /*indexed=*/true);
  }

  uint64_t SealedSegments() const {
    return static_cast<uint64_t>(
        std::count_if(facts.segments.begin(), facts.segments.end(),
                      [](const auto& s) { return s.state == State::kSealed; }));
  }

  ShardFacts facts;
  uint64_t rewritten = 0;  // rows, over all rebuilds

  std::string NewId() { return "n" + std::to_string(next_id_++); }

 private:
  using Iterator = std::vector<SegmentFacts>::iterator;
  static bool IsUnsealed(const SegmentFacts& s) {
    return s.state == State::kFrozen || s.state == State::kDegraded;
  }

  void Replace(Iterator first, Iterator last, bool indexed) {
    SegmentFacts merged{.id = NewId(), .state = State::kSealed};
    for (auto it = first; it != last; ++it) merged.rows += it->rows - it->deleted;
    // As AUTO does: small segments need no index.
    merged.satisfied = indexed || merged.rows < 200;
    const auto at = facts.segments.erase(first, last);
    if (merged.rows > 0) facts.segments.insert(at, merged);
  }

  int next_id_ = 0;
};

ShardFacts RandomFacts(std::mt19937& random) {
  FactsBuilder builder;
  const int segments = static_cast<int>(random() % 30);
  for (int i = 0; i < segments; ++i) {
    const uint64_t rows = 1 + (random() % 4 == 0 ? random() % 30'000 : random() % 2000);
    const State state = random() % 12 == 0 ? State::kDegraded : State::kSealed;
    builder.Add(state, rows, random() % 3 == 0 ? random() % (rows + 1) : 0, random() % 2 == 0);
    builder.facts.segments.back().id = "s" + std::to_string(i);
    builder.facts.segments.back().verified = random() % 5 != 0;
  }
  const int frozen = static_cast<int>(random() % 4);
  for (int i = 0; i < frozen; ++i) {
    builder.Add(State::kFrozen, 1 + random() % kSealRows);
    builder.facts.segments.back().id = "f" + std::to_string(i);
  }
  builder.Growing(random() % kSealRows).facts.log_ops = random() % (6 * kSealRows);
  builder.facts.segments.back().id = "g";
  builder.facts.idle_ms = static_cast<int64_t>(random() % 10'000);
  return builder.facts;
}

TEST(Picker, WhateverTheStateItComesToAnEnd) {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    Simulation simulation(RandomFacts(random));
    const size_t bound = 4 * simulation.facts.segments.size() + 10;
    size_t steps = 0;
    while (steps < bound && simulation.Step(/*now=*/round % 2 == 0)) {
      ++steps;
      if (HasFatalFailure()) return;
    }
    ASSERT_LT(steps, bound) << "round " << round;
    ASSERT_TRUE(IsSettled(simulation.facts)) << "round " << round;
  }
}

TEST(Picker, AForcedCompactionLeavesTheFewest) {
  std::mt19937 random(4);
  for (int round = 0; round < 1000; ++round) {
    Simulation simulation(RandomFacts(random));
    while (simulation.Step(/*now=*/true)) {
    }
    for (const auto& ids : PlanFewest(simulation.facts)) {
      simulation.Rebuild({"merge", ids, 0});
      if (HasFatalFailure()) return;
    }
    // No two neighbours fit into one.
    const auto& segments = simulation.facts.segments;
    for (size_t i = 1; i < segments.size(); ++i) {
      if (segments[i].state != State::kSealed) continue;
      EXPECT_GT(
          segments[i - 1].rows - segments[i - 1].deleted + segments[i].rows - segments[i].deleted,
          simulation.facts.settings.max_segment_rows);
    }
    EXPECT_TRUE(IsSettled(simulation.facts));
  }
}

TEST(Picker, ABulkLoadRewritesRowsAFewTimesOnly) {
  Simulation simulation(FactsBuilder().Growing(0).facts);
  simulation.facts.settings.max_segment_rows = 1'000'000;
  constexpr uint64_t kSegments = 500;
  for (uint64_t i = 0; i < kSegments; ++i) {
    simulation.facts.segments.back() = {
        .id = simulation.NewId(), .state = State::kFrozen, .rows = kSealRows};
    simulation.facts.segments.push_back({.id = simulation.NewId(), .state = State::kGrowing});
    while (simulation.Step(false)) {
      if (HasFatalFailure()) return;
    }
  }
  // log2 of 500 is the bound; tiers of four come to about half of it.
  EXPECT_LE(simulation.rewritten, 7 * kSegments * kSealRows);
  EXPECT_LE(simulation.SealedSegments(), 3 * 5u) << "three of a tier at most";
}

}  // namespace
}  // namespace sagitta::compactor
