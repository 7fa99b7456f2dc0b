// Indexes, encoded payloads and a naive reading of the decoded values must agree on every filter
// and row.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "filter/payload_codec.h"
#include "tests/filter/memory_rows.h"
#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

struct Segment {
  explicit Segment(const std::vector<PayloadIndex>& indexes) : rows(indexes) {}

  void Add(RandomFilters& random) {
    payloads.push_back(random.OneIn(10) ? Payload() : random.MakePayload());
    auto encoded = EncodePayload(payloads.back());
    ASSERT_TRUE(encoded.ok()) << encoded.status().ToString();
    // A row without a payload stores nothing at all.
    const bool stored = !payloads.back().empty() || random.OneIn(2);
    rows.Add(uint64_t{rows.rows()}, stored ? *encoded : std::string());
  }

  MemoryRows rows;
  std::vector<Payload> payloads;
};

// Whether there is a condition on `path` that this index is not made for: one for another kind or
// other settings, or a nested one that no index can narrow.
bool AsksForAnotherIndex(const Filter& filter, const std::string& prefix,
                         const PayloadIndex& index) {
  const std::string path = prefix + filter.path;
  if (path == index.path) {
    const bool text =
        index.kind == PayloadIndexKind::kText && filter.tokens.value_or(TextParams()) == index.text;
    const bool geo = filter.op == Filter::Op::kGeoRadius || filter.op == Filter::Op::kGeoBox ||
                     filter.op == Filter::Op::kGeoPolygon;
    if (filter.op == Filter::Op::kMatch && !text) return true;
    if (geo && index.kind != PayloadIndexKind::kGeo) return true;
    if (filter.op == Filter::Op::kNested) return true;
  }
  const std::string below = filter.op == Filter::Op::kNested ? path + "." : prefix;
  return std::any_of(filter.children.begin(), filter.children.end(),
                     [&](const Filter& child) { return AsksForAnotherIndex(child, below, index); });
}

void ExpectAgreement(const Filter& filter, Segment& segment, const base::Bitset& live) {
  ASSERT_TRUE(filter.Validate().ok()) << filter.Validate().ToString();
  EvaluateInfo info;
  segment.rows.ResetCount();
  auto found = Evaluate(filter, segment.rows, live, CancelToken(), &info);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->size(), segment.rows.rows());
  ASSERT_LE(found->Count(), segment.rows.rows()) << "bits beyond the last row";
  for (size_t row = 0; row < segment.rows.rows(); ++row) {
    const bool naive = NaiveMatches(filter, segment.payloads[row], segment.rows.id(row));
    ASSERT_EQ(Matches(filter, segment.rows.payload(row), segment.rows.id(row)), naive)
        << Value(segment.payloads[row]).ToJson();
    if (live.Test(row)) {
      ASSERT_EQ(found->Test(row), naive) << "row " << row << " of " << segment.rows.rows() << ": "
                                         << Value(segment.payloads[row]).ToJson();
    }
  }
  EXPECT_EQ(info.scanned, !info.unindexed.empty());
  EXPECT_TRUE(!info.scanned || segment.rows.payloads_read() > 0);
  for (const std::string& path : info.unindexed) {
    const PayloadIndexData* index = segment.rows.FindIndex(path);
    EXPECT_TRUE(index == nullptr || AsksForAnotherIndex(filter, "", index->definition())) << path;
  }
}

base::Bitset MakeLive(RandomFilters& random, size_t rows) {
  base::Bitset live(rows, true);
  const size_t one_in = 1 + random.Below(8);
  if (one_in == 1) return live;
  for (size_t row = 0; row < rows; ++row) {
    if (random.OneIn(one_in)) live.Clear(row);
  }
  return live;
}

TEST(Differential, RandomTreesOverRandomSegments) {
  const size_t kSizes[] = {0, 1, 2, 40, 63, 64, 65, 130};
  size_t trees = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomFilters random(seed);
    Segment segment(random.MakeIndexes());
    const size_t size = kSizes[random.Below(std::size(kSizes))];
    for (size_t row = 0; row < size; ++row) segment.Add(random);
    if (seed % 3 == 1) segment.rows.Freeze();
    ASSERT_TRUE(seed % 3 != 2 || segment.rows.Reload());
    for (int i = 0; i < 50; ++i, ++trees) {
      const Filter filter = random.MakeFilter(static_cast<int>(random.Below(5)));
      ExpectAgreement(filter, segment, MakeLive(random, segment.rows.rows()));
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GE(trees, 10'000u);
}

TEST(Differential, WhileTheSegmentGrows) {
  for (uint64_t seed = 1000; seed < 1020; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomFilters random(seed);
    Segment segment(random.MakeIndexes());
    for (int row = 0; row < 150; ++row) {
      segment.Add(random);
      const Filter filter = random.MakeFilter();
      ExpectAgreement(filter, segment, base::Bitset(segment.rows.rows(), true));
      if (HasFatalFailure()) return;
    }
  }
}

// Enough rows for several Roaring containers of each form, and for the sorted arrays to merge their
// tails.
TEST(Differential, LargeSegmentKeepsItsAnswersFrozenAndReloaded) {
  RandomFilters random(7);
  std::vector<PayloadIndex> indexes = {
      {"label", PayloadIndexKind::kKeyword}, {"size", PayloadIndexKind::kInt64},
      {"price", PayloadIndexKind::kDouble},  {"sold", PayloadIndexKind::kBool},
      {"at", PayloadIndexKind::kDatetime},   {"place", PayloadIndexKind::kGeo},
      {"text", PayloadIndexKind::kText},     {"parts.n", PayloadIndexKind::kInt64}};
  MemoryRows rows(indexes);
  constexpr size_t kRows = 150'000;
  std::vector<int64_t> sizes;
  for (size_t row = 0; row < kRows; ++row) {
    const auto size = static_cast<int64_t>(random.Below(5000));
    sizes.push_back(size);
    Payload payload = {{"label", "l" + std::to_string(row / 7000 * 7 + random.Below(3))},
                       {"size", size},
                       {"price", static_cast<double>(size) / 4},
                       {"at", size * 1000},
                       {"place", ValueObject{{"lon", static_cast<double>(size) / 20 - 120},
                                             {"lat", static_cast<double>(row % 170) - 85}}},
                       {"text", "Row " + std::to_string(row % 300) + " of " + std::to_string(size)},
                       {"parts", ValueList{ValueObject{{"n", size}}, ValueObject{{"n", -1}}}}};
    if (row < 70'000 || random.OneIn(100)) payload["sold"] = row % 3 == 0;
    rows.Add(uint64_t{row}, *EncodePayload(payload));
  }
  const std::vector<Filter> filters = {
      Filter::Equals("label", "l7"),
      Filter::Equals("sold", true),
      Filter::Exists("sold"),
      Filter::IsEmpty("sold"),
      Filter::Range("size", Filter::Bound{100, true}, Filter::Bound{200.5, false}),
      Filter::Range("price", Filter::Bound{100, false}, std::nullopt),
      Filter::DatetimeRange("at", std::nullopt, Filter::Bound{3000, true}),
      Filter::GeoRadius("place", {-10, 40}, 3e6),
      Filter::GeoInPolygon("place", {{{-50, -80}, {60, -20}, {0, 70}}, {{{0, 0}, {5, 0}, {5, 9}}}}),
      Filter::Match("text", "of 17 ROW"),
      Filter::Match("text", "17 18 19", TextMatch::kAny),
      Filter::Nested("parts", Filter::Equals("n", 321)),
      Filter::And({Filter::Not(Filter::Equals("sold", false)), Filter::Equals("size", 77)})};
  const base::Bitset live(kRows, true);
  for (int stage = 0; stage < 3; ++stage) {
    ASSERT_TRUE(stage != 1 || rows.Reload());
    if (stage == 2) rows.Freeze();
    for (const Filter& filter : filters) {
      EvaluateInfo info;
      auto found = Evaluate(filter, rows, live, CancelToken(), &info);
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(rows.payloads_read(), 0u) << "all is answered by indexes";
      EXPECT_FALSE(info.scanned);
      for (size_t row = 0; row < kRows; ++row) {
        ASSERT_EQ(found->Test(row), Matches(filter, rows.payload(row), rows.id(row))) << row;
      }
    }
  }
}

// One writer, several readers: each reader's answer is right for the rows it knew of when it asked.
TEST(Differential, ReadersBesideTheWriter) {
  constexpr uint32_t kRows = 20'000;
  std::vector<std::unique_ptr<PayloadIndexData>> indexes;
  indexes.push_back(PayloadIndexData::Create({"v", PayloadIndexKind::kInt64}));
  indexes.push_back(PayloadIndexData::Create({"v", PayloadIndexKind::kDouble}));
  indexes.push_back(PayloadIndexData::Create({"k", PayloadIndexKind::kKeyword}));
  indexes.push_back(PayloadIndexData::Create({"k", PayloadIndexKind::kText}));
  indexes.push_back(PayloadIndexData::Create({"g", PayloadIndexKind::kGeo}));
  std::atomic<uint32_t> added{0};
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  for (int reader = 0; reader < 5; ++reader) {
    readers.emplace_back([&, reader] {
      const Filter by_value = Filter::Range("v", Filter::Bound{10, true}, Filter::Bound{19, true});
      const Filter by_key = Filter::Equals("k", "k1");
      const Filter by_word = Filter::Match("k", "K1");
      const Filter by_place = Filter::GeoInBox("g", {10, -5, 19, 5});
      const Filter& filter = reader == 2   ? by_key
                             : reader == 3 ? by_word
                             : reader == 4 ? by_place
                                           : by_value;
      const bool keyed = reader == 2 || reader == 3;
      while (true) {
        const uint32_t rows = added.load();
        const auto answer = indexes[reader]->Answer(filter, rows);
        for (uint32_t row = 0; row < rows; ++row) {
          const bool want = keyed ? row % 10 == 1 : row % 100 >= 10 && row % 100 < 20;
          if (answer->matches.Test(row) != want) ++wrong;
        }
        if (rows == kRows) return;
      }
    });
  }
  for (uint32_t row = 0; row < kRows; ++row) {
    const std::string payload =
        *EncodePayload({{"v", static_cast<int64_t>(row % 100)},
                        {"k", "k" + std::to_string(row % 10)},
                        {"g", ValueObject{{"lon", static_cast<int64_t>(row % 100)}, {"lat", 0}}}});
    for (auto& index : indexes) index->Add(row, payload);
    added.store(row + 1);
  }
  for (auto& index : indexes) index->Freeze();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace sagitta::filter
