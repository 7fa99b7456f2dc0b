// Damaged bytes: nothing crashes or reads outside them (run under the sanitizer presets), and where
// they are taken for a payload, indexes still agree with the scan.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "filter/payload_codec.h"
#include "tests/filter/memory_rows.h"
#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

std::string Damage(RandomFilters& random, std::string bytes) {
  for (size_t n = 1 + random.Below(4); n > 0 && !bytes.empty(); --n) {
    const size_t at = random.Below(bytes.size());
    switch (random.Below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random.Below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random.Below(bytes.size()), random.Below(12)));
        break;
      default:
        bytes[at] = static_cast<char>(random.OneIn(2) ? 0xFF : random.Below(9));
        break;
    }
  }
  return bytes;
}

TEST(Hostile, DamagedPayloadsAreReadSafely) {
  RandomFilters random(11);
  size_t refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string bytes = Damage(random, *EncodePayload(random.MakePayload()));
    const auto decoded = DecodePayload(bytes);
    if (decoded.ok()) {
      // What is taken is a payload in every respect.
      const auto again = EncodePayload(*decoded);
      ASSERT_TRUE(again.ok()) << again.status().ToString();
      ASSERT_EQ(*DecodePayload(*again), *decoded);
    } else {
      ++refused;
      ASSERT_EQ(decoded.status().code(), StatusCode::kDataLoss);
    }
    const std::string path = random.MakePath();
    size_t visited = 0;
    VisitPath(bytes, path, [&](const ValueView& value) {
      ++visited;
      ASSERT_LE(value.text.size(), bytes.size());
    });
    ASSERT_LE(visited, bytes.size() + 1);
    if (!FindPath(bytes, path)) continue;
    (void)ProjectPayload(bytes, {path, random.MakePath()}).ok();
  }
  EXPECT_GT(refused, 10'000u) << "damage that is never noticed tests nothing";
}

TEST(Hostile, NestedConditionsReadDamagedPayloadsSafely) {
  RandomFilters random(77);
  size_t matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = Damage(random, *EncodePayload(random.MakePayload()));
    const Filter filter = Filter::Nested(random.MakePath(), Filter::Not(Filter::Exists("d")));
    matched += Matches(filter, bytes, PointId(1)) ? 1 : 0;
  }
  EXPECT_GT(matched, 100u);
}

TEST(Hostile, IndexesAgreeWithTheScanOnDamagedPayloads) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    // Where one object's bytes end early, an index has not seen those behind it, and nested reads
    // them: no damaged payload gets past its checksum in the store, so that need not agree.
    RandomFilters random(seed + 500, /*nested=*/false);
    MemoryRows rows(random.MakeIndexes());
    for (uint64_t row = 0; row < 60; ++row) {
      rows.Add(row, Damage(random, *EncodePayload(random.MakePayload())));
    }
    for (int i = 0; i < 20; ++i) {
      const Filter filter = random.MakeFilter();
      const auto found =
          Evaluate(filter, rows, base::Bitset(rows.rows(), true), CancelToken(), nullptr);
      ASSERT_TRUE(found.ok());
      for (size_t row = 0; row < rows.rows(); ++row) {
        ASSERT_EQ(found->Test(row), Matches(filter, rows.payload(row), rows.id(row)));
      }
    }
  }
}

// With the checksum made right again, so that the parser behind it is what is tested.
TEST(Hostile, DamagedIndexBytesAreRefusedOrUsable) {
  RandomFilters random(23);
  size_t taken = 0, refused = 0;
  for (uint8_t kind = 1; kind <= 7; ++kind) {
    const PayloadIndex definition = {"a", static_cast<PayloadIndexKind>(kind), {}};
    for (size_t size : {3, 60, 400}) {
      auto index = PayloadIndexData::Create(definition);
      for (size_t row = 0; row < size; ++row) {
        index->Add(static_cast<uint32_t>(row * (size > 100 ? 300 : 1)),
                   *EncodePayload(random.MakePayload()));
      }
      std::string good = index->Serialize();
      good.resize(good.size() - 4);
      for (int i = 0; i < 3000; ++i) {
        std::string bytes = Damage(random, good);
        base::PutLe(bytes, base::Crc32c(bytes));
        const auto loaded = PayloadIndexData::Deserialize(definition, bytes);
        if (!loaded.ok()) {
          ++refused;
          ASSERT_EQ(loaded.status().code(), StatusCode::kDataLoss);
          continue;
        }
        ++taken;
        for (int f = 0; f < 3; ++f) {
          const Filter leaf = f == 0            ? Filter::Range("a", std::nullopt, std::nullopt)
                              : f == 1          ? Filter::NotIn("a", {random.MakeScalar()})
                              : random.OneIn(2) ? random.MakeGeo("a")
                                                : random.MakeMatch("a");
          const size_t rows = random.Below(130'000);
          const auto answer = (*loaded)->Answer(leaf, rows);
          ASSERT_TRUE(answer);
          ASSERT_LE(answer->matches.Count(), rows);
        }
        ASSERT_FALSE((*loaded)->Serialize().empty());
      }
    }
  }
  EXPECT_GT(taken, 0u);
  EXPECT_GT(refused, 5000u);
}

TEST(Hostile, IndexBytesWithoutAMatchingChecksumAreRefused) {
  RandomFilters random(31);
  const PayloadIndex definition = {"a", PayloadIndexKind::kKeyword};
  auto index = PayloadIndexData::Create(definition);
  for (uint32_t row = 0; row < 50; ++row) index->Add(row, *EncodePayload(random.MakePayload()));
  const std::string good = index->Serialize();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(PayloadIndexData::Deserialize(definition, bytes).ok()) << bit;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(PayloadIndexData::Deserialize(definition, good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(PayloadIndexData::Deserialize({"b", PayloadIndexKind::kKeyword}, good).ok());
  EXPECT_FALSE(PayloadIndexData::Deserialize({"a", PayloadIndexKind::kBool}, good).ok());
}

// Lists inside each other, far beyond what is allowed.
TEST(Hostile, DeepNestingIsRefused) {
  std::string value(1, '\0');
  for (int i = 0; i < 5000; ++i) {
    std::string list(1, 6);
    base::PutVarint(list, value.size());
    base::PutVarint(list, 1);
    value = list + value;
  }
  const std::string payload = std::string({1, 1, 1, 'a'}) + value;
  EXPECT_FALSE(DecodePayload(payload).ok());
  EXPECT_TRUE(VisitPath(payload, "a", [](const ValueView&) {}));
  EXPECT_FALSE(FindPath(payload, "a"));
}

}  // namespace
}  // namespace sagitta::filter
